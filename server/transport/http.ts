/**
 * The HTTP server's front door: which path is whose, CORS, probes and metrics. What a path answers is in the file that
 * has its name.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origin, Way } from '../auth/guard.js';
import type { ClientAddress } from '../auth/client-address.js';
import { ProgressError } from '../shared/errors.js';
import type { Health } from '../observability/health.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import { answer, answerError, tellable } from './answer.js';
import type { GraphqlHttp } from './graphql-http.js';
import type { MayAsk } from './origins.js';
import { requestIdOf } from './request-id.js';
import type { RestProgress } from './rest.js';

/**
 * A host's own paths on the same port, tried first: true where it answers, now or later. An Express application is such
 * a function, and so is Fastify's `routing` once it is `ready()`.
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

/** What the front door stands on. */
export interface HttpOptions {
  readonly graphql: GraphqlHttp;
  readonly rest: RestProgress;
  readonly health: Health;
  /** Null where /metrics is not to answer. */
  readonly metrics: Metrics | null;
  readonly mayAsk: MayAsk;
  readonly clientAddress: ClientAddress;
  readonly logger: Logger;
  readonly handleRequest: HandleRequest | null;
  readonly isClosing: () => boolean;
}

const REST_PATH = /^\/api\/projects\/([^/]+)\/progress$/;
/** The same as pollers write it, with nothing to decode: found without reading the whole address. */
const POLLED_PATH = /^\/api\/projects\/([A-Za-z0-9._:-]+)\/progress$/;
const PREFLIGHT_SECONDS = 7_200;
const ALLOWED_HEADERS = 'Authorization, Content-Type, If-None-Match, X-Request-Id, traceparent';

/** Sets what a browser needs to let a page of another origin read the answer; true where all is answered by it. */
function answerCors(request: IncomingMessage, response: ServerResponse, mayAsk: MayAsk): boolean {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin');
  if (origin !== undefined && mayAsk(request)) {
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

/** Makes the listener of an HTTP server; it never throws. */
export function createHttpListener(
  options: HttpOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { graphql, rest, health, metrics, mayAsk, clientAddress, logger, handleRequest, isClosing } = options;

  function originOf(request: IncomingMessage, way: Way): Origin {
    const forwarded = request.headers['x-forwarded-for'];
    const address = clientAddress(
      request.socket.remoteAddress,
      Array.isArray(forwarded) ? forwarded.join() : forwarded,
    );
    return { address, way, requestId: requestIdOf(request.headers) ?? randomUUID() };
  }

  function answerHealth(response: ServerResponse, isReadiness: boolean): void {
    const isReady = health.hasBeenUp && !isClosing();
    const status = isClosing()
      ? 'closing'
      : !health.hasBeenUp
        ? 'starting'
        : health.isDegraded
          ? 'degraded'
          : 'ok';
    const body = JSON.stringify({ status, dependencies: health.dependencies });
    answer(response, isReadiness && !isReady ? 503 : 200, body);
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (handleRequest !== null && (await handleRequest(request, response))) return;
    const polled = POLLED_PATH.exec(request.url ?? '')?.[1];
    if (polled !== undefined) {
      // A header that is set, and not written with the rest, costs each poll of a client that is no page.
      const isOfPage = request.headers.origin !== undefined || request.method === 'OPTIONS';
      if (isOfPage && answerCors(request, response, mayAsk)) return;
      return rest(request, response, polled, originOf(request, 'rest'));
    }
    const url = URL.canParse(request.url ?? '', 'http://host')
      ? new URL(request.url ?? '', 'http://host')
      : null;
    if (url === null) return answerError(response, new ProgressError('BAD_USER_INPUT', 'Malformed address.'));
    const { pathname } = url;
    const restPath = REST_PATH.exec(pathname);
    if (pathname !== '/graphql' && restPath === null) {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (isRead && pathname === '/healthz') return answerHealth(response, false);
      if (isRead && pathname === '/readyz') return answerHealth(response, true);
      if (isRead && pathname === '/metrics' && metrics !== null) {
        return answer(response, 200, await metrics.render(), { 'Content-Type': metrics.contentType });
      }
      return answerError(response, new ProgressError('NOT_FOUND', 'There is nothing here.'));
    }
    if (answerCors(request, response, mayAsk)) return;
    if (restPath === null) return graphql(request, response, url, originOf(request, 'graphql'));
    await rest(request, response, decodedId(restPath[1] ?? ''), originOf(request, 'rest'));
  }

  return (request, response) => {
    route(request, response).catch((error: unknown) => {
      logger.error({ error: String(error), path: request.url?.split('?')[0] }, 'a request failed');
      answerError(response, tellable(error));
    });
  };
}

/** An id that does not decode is not an id, and is refused where ids are looked at. */
function decodedId(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
