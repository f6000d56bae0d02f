/** One HTTP server with its WebSocket upgrades: listening and orderly shutdown. Knows no adapter of store or bus. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../shared/clock.js';
import { sleep } from '../shared/sleep.js';
import type { ClientAddress } from '../auth/client-address.js';
import type { LimitLogger } from '../observability/limit-logger.js';
import { createHttpListener } from './http.js';
import type { HttpOptions } from './http.js';
import { addressOf } from './request-source.js';
import type { WebSocketEndpoint } from './websocket.js';

/** Options of the transport. */
export interface TransportOptions extends HttpOptions {
  readonly webSockets: WebSocketEndpoint;
  /** Milliseconds for the header lines of a request. */
  readonly headersTimeoutMs: number;
  /** Milliseconds for the whole of a request. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly clientAddress: ClientAddress;
  readonly limitLogger: LimitLogger;
}

/** See the file's head. */
export interface Transport {
  /** Listens; resolves with the port. Rejects with a sentence. */
  listen(host: string, port: number): Promise<number>;
  /**
   * Closes subscriptions, lets requests finish, then closes the server; all within `deadlineMs`.
   * (invariant: drain-without-herd)
   */
  close(deadlineMs: number): Promise<void>;
}

/** How often the timeouts of requests are checked, in milliseconds. */
const CHECK_INTERVAL_MS = 1_000;
/**
 * Length of the kernel's accept queue, up to its own limit (`net.core.somaxconn`). With Node's default of 511, clients
 * that reconnect at once have their packets dropped, and retry after 1, 3 and 7 s (invariant: drain-without-herd).
 */
const BACKLOG = 4_096;
/** Event streams cut per batch, and the pause between batches in milliseconds. */
const CUT_BATCH = 50;
const CUT_PAUSE_MS = 100;

function describeListenError(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use: stop what listens there, or set PORT to another.`;
  if (error.code === 'EACCES')
    return `Port ${port} may not be listened on by this user: set PORT to one above 1023.`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return `HOST ${host} is not an address of this machine.`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

/** Status of malformed requests, by Node's error code; 400 for all others. */
const STATUS_BY_PARSE_ERROR: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function sendRaw(socket: Duplex, status: string, headers = ''): void {
  // Node leaves our half open for a client that never hangs up: an open file, and a server that cannot end.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
}

/** Creates the transport; nothing listens yet. */
export function createTransport(options: TransportOptions): Transport {
  const {
    webSockets,
    headersTimeoutMs,
    requestTimeoutMs,
    clock,
    isOriginAllowed,
    clientAddress,
    isClosing,
    logger,
    limitLogger,
  } = options;
  const server = createServer({
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  });
  server.on('request', createHttpListener(options));
  /** Event streams, which go on until they are ended. */
  const streams = new Set<ServerResponse>();
  server.on('request', ({ headers }, response) => {
    if (headers.accept?.includes('text/event-stream') !== true) return;
    streams.add(response);
    response.once('close', () => streams.delete(response));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof Socket) {
      // An incomplete request does not say whether a proxy forwarded it.
      limitLogger.logExceeded('ms of a request', socket.remoteAddress ?? 'unknown', requestTimeoutMs);
    }
    if (socket.writable) sendRaw(socket, STATUS_BY_PARSE_ERROR[error.code ?? ''] ?? '400 Bad Request');
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const { headers, url = '' } = request;
    const address = addressOf(request, clientAddress);
    if (url.split('?')[0] !== '/graphql' || !(socket instanceof Socket))
      return sendRaw(socket, '404 Not Found');
    if (isClosing()) return sendRaw(socket, '503 Service Unavailable', 'Retry-After: 1\r\n');
    if (!isOriginAllowed(request)) {
      logger.warn({ from: address, origin: headers.origin }, 'WebSocket refused: origin not in CORS_ORIGINS');
      return sendRaw(socket, '403 Forbidden');
    }
    webSockets.upgrade(request, socket, head, address);
  });

  /** Cuts event streams in batches: an orderly end would look like the end of the ingestion. */
  async function cutStreams(): Promise<void> {
    const all = [...streams];
    for (let start = 0; start < all.length; start += CUT_BATCH) {
      if (start > 0) await sleep(clock, CUT_PAUSE_MS);
      for (const response of all.slice(start, start + CUT_BATCH)) response.destroy();
    }
  }

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        const onError = (error: NodeJS.ErrnoException) =>
          reject(new Error(describeListenError(error, host, port), { cause: error }));
        server.once('error', onError);
        server.listen({ port, host, backlog: BACKLOG }, () => {
          server.off('error', onError);
          const bound = server.address();
          resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
        });
      }),
    close: async (deadlineMs) => {
      const until = clock.monotonicNow() + deadlineMs;
      await Promise.all([webSockets.drain(deadlineMs), cutStreams()]);
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      const cancel = clock.setTimer(Math.max(0, until - clock.monotonicNow()), () =>
        server.closeAllConnections(),
      );
      await closed;
      cancel();
    },
  };
}
