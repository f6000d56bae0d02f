/** Who may see `/metrics` on the main port, and the listener that METRICS_PORT gives them. */
import type { IncomingMessage, RequestListener } from 'node:http';
import { createAddressList } from '../auth/client-address.js';
import type { ClientAddress } from '../auth/client-address.js';
import { ProgressError } from '../shared/errors.js';
import type { Metrics } from '../observability/metrics.js';
import { addressOf, pathOf } from './request-source.js';
import { send, sendError } from './responses.js';

const LOOPBACK = ['127.0.0.0/8', '::1'];
/** Headers by which a proxy says that somebody else is asking. */
const FORWARDING = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-forwarded-host', 'via'];

/** Whether a request may see the metrics. */
export type MayReadMetrics = (request: IncomingMessage) => boolean;

/**
 * Loopback, and the addresses that are named. A proxy asks for somebody else: it counts as the client that it forwards
 * if it is trusted, and as nobody if it is not.
 */
export function createMetricsAccess(options: {
  readonly allowed: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly clientAddress: ClientAddress;
}): MayReadMetrics {
  const isAllowed = createAddressList([...LOOPBACK, ...options.allowed]);
  const isProxy = createAddressList(options.trustedProxies);
  return (request) => {
    const { headers, socket } = request;
    const address = addressOf(request, options.clientAddress);
    const isForwarded = FORWARDING.some((name) => headers[name] !== undefined);
    // A proxy's own address: whom it asks for is not said, or not believed.
    if (isForwarded && (!isProxy(socket.remoteAddress) || isProxy(address))) return false;
    return isAllowed(address);
  };
}

/** The listener of METRICS_PORT, which serves nothing else. */
export function createMetricsListener(metrics: Metrics): RequestListener {
  return (request, response) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || pathOf(request) !== '/metrics')
      return sendError(response, new ProgressError('NOT_FOUND', 'Not found.'));
    metrics.render().then(
      (text) => send(response, 200, text, { 'Content-Type': metrics.contentType }),
      () => sendError(response, new ProgressError('UNAVAILABLE', 'Metrics are unavailable.')),
    );
  };
}
