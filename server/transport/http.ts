/** The router of the HTTP server: paths, CORS, probes and metrics. Each path's handler is in the file of its name. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestSource, RequestTransport } from '../auth/guard.js';
import { addressBlock } from '../auth/client-address.js';
import type { ClientAddress } from '../auth/client-address.js';
import { ProgressError } from '../shared/errors.js';
import type { Health } from '../observability/health.js';
import type { LimitLogger } from '../observability/limit-logger.js';
import type { Metrics } from '../observability/metrics.js';
import { send, sendError, publicErrorOf } from './responses.js';
import type { GraphqlHttp } from './graphql-http.js';
import type { MayReadMetrics } from './metrics-listener.js';
import { addressOf, pathOf, requestIdOf } from './request-source.js';
import type { IsOriginAllowed } from './request-source.js';
import type { RestProgress } from './rest.js';

/**
 * Serves your own app on the same port; called first, returns true if it answers, now or later. An Express application
 * is such a function, and so is Fastify's `routing` once it is `ready()`.
 *
 * @example
 * ```ts
 * import type { IncomingMessage, ServerResponse } from 'node:http';
 * import type { HandleRequest } from '@ingestion-progress/server';
 *
 * declare function app(request: IncomingMessage, response: ServerResponse): void;
 *
 * const handleRequest: HandleRequest = (request, response) => {
 *   if (!request.url?.startsWith('/shop/')) return false;
 *   app(request, response);
 *   return true;
 * };
 * ```
 */
export type HandleRequest = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>;

/** Options of the HTTP listener. */
export interface HttpOptions {
  readonly graphql: GraphqlHttp;
  readonly rest: RestProgress;
  readonly health: Health;
  /** Null if /metrics is disabled, or has a listener of its own. */
  readonly metrics: Metrics | null;
  readonly mayReadMetrics: MayReadMetrics;
  readonly isOriginAllowed: IsOriginAllowed;
  readonly clientAddress: ClientAddress;
  readonly limitLogger: LimitLogger;
  readonly handleRequest: HandleRequest | null;
  readonly isClosing: () => boolean;
}

const REST_PATH = /^\/api\/projects\/([^/]+)\/progress$/;
/** The same as pollers send it, with nothing to decode: matched without parsing the whole URL. */
const POLLED_PATH = /^\/api\/projects\/([A-Za-z0-9._:-]{1,200})\/progress$/;
const PREFLIGHT_SECONDS = 7_200;
const ALLOWED_HEADERS = 'Authorization, Content-Type, If-None-Match, X-Request-Id, traceparent';

/** Sets the CORS headers; true if the request was a preflight and is answered. */
function handleCors(
  request: IncomingMessage,
  response: ServerResponse,
  isOriginAllowed: IsOriginAllowed,
): boolean {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin');
  if (origin !== undefined && isOriginAllowed(request)) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', 'ETag, Date, Retry-After');
  }
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
    return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
  response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_SECONDS));
  response.writeHead(204).end();
  return true;
}

/** Creates the listener of an HTTP server; it never throws. */
export function createHttpListener(
  options: HttpOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { graphql, rest, health, metrics, mayReadMetrics, isOriginAllowed, clientAddress } = options;
  const { limitLogger, handleRequest, isClosing } = options;

  function sourceOf(request: IncomingMessage, transport: RequestTransport): RequestSource {
    const requestId = requestIdOf(request.headers) ?? randomUUID();
    return { address: addressOf(request, clientAddress), transport, requestId };
  }

  function sendHealth(response: ServerResponse, isReadiness: boolean): void {
    const isReady = health.hasBeenUp && !isClosing();
    const status = isClosing()
      ? 'closing'
      : !health.hasBeenUp
        ? 'starting'
        : health.isDegraded
          ? 'degraded'
          : 'ok';
    const body = JSON.stringify({ status, dependencies: health.dependencies });
    send(response, isReadiness && !isReady ? 503 : 200, body);
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (handleRequest !== null && (await handleRequest(request, response))) return;
    const polled = POLLED_PATH.exec(request.url ?? '')?.[1];
    if (polled !== undefined) {
      // Setting a header apart from the others would cost each poll of a client that is no page.
      const isFromPage = request.headers.origin !== undefined || request.method === 'OPTIONS';
      if (isFromPage && handleCors(request, response, isOriginAllowed)) return;
      return rest(request, response, polled, sourceOf(request, 'rest'));
    }
    const pathname = pathOf(request);
    const restPath = REST_PATH.exec(pathname);
    if (pathname !== '/graphql' && restPath === null) {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (isRead && pathname === '/healthz') return sendHealth(response, false);
      if (isRead && pathname === '/readyz') return sendHealth(response, true);
      if (isRead && pathname === '/metrics' && metrics !== null) {
        if (!mayReadMetrics(request)) {
          const message =
            'Metrics are for loopback and METRICS_ALLOW; METRICS_PORT gives them their own port.';
          return sendError(response, new ProgressError('FORBIDDEN', message));
        }
        return send(response, 200, await metrics.render(), { 'Content-Type': metrics.contentType });
      }
      return sendError(response, new ProgressError('NOT_FOUND', 'Not found.'));
    }
    if (handleCors(request, response, isOriginAllowed)) return;
    if (restPath === null) {
      const search = new URLSearchParams((request.url ?? '').slice(pathname.length));
      return graphql(request, response, search, sourceOf(request, 'graphql'));
    }
    await rest(request, response, decodedId(restPath[1] ?? ''), sourceOf(request, 'rest'));
  }

  return (request, response) => {
    route(request, response).catch((error: unknown) => {
      const from = addressOf(request, clientAddress);
      const fields = { error: String(error), path: pathOf(request), from };
      limitLogger.log('error', addressBlock(from), fields, 'request failed');
      sendError(response, publicErrorOf(error));
    });
  };
}

/** The id in a path; empty, which no id is, if it does not decode. */
function decodedId(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
