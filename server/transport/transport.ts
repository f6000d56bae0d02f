/**
 * All ways in together: one HTTP server with its WebSocket upgrades, listening, and going down in order. Knows no
 * adapter of store or bus.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../shared/clock.js';
import type { ClientAddress } from '../auth/client-address.js';
import type { OffenderLog } from '../observability/limit-logger.js';
import { createHttpListener } from './http.js';
import type { HttpOptions } from './http.js';
import type { WebSocketEndpoint } from './websocket.js';

/** What the transport stands on. */
export interface TransportOptions extends HttpOptions {
  readonly webSockets: WebSocketEndpoint;
  /** Milliseconds for the header lines of a request. */
  readonly headersMs: number;
  /** Milliseconds for the whole of a request. */
  readonly requestMs: number;
  readonly clock: Clock;
  readonly clientAddress: ClientAddress;
  readonly offenders: OffenderLog;
}

/** See the file's head. */
export interface Transport {
  /** Listens; resolves with the port. Rejects with a sentence. */
  listen(host: string, port: number): Promise<number>;
  /** Sends watchers away, lets requests finish, then closes; all within `deadlineMs`. (invariant: drain-without-herd) */
  close(deadlineMs: number): Promise<void>;
}

/** How often the deadlines of requests are looked at, in milliseconds. */
const CHECK_MS = 1_000;
/**
 * Connections that the kernel holds for us while we are busy, as far as its own bound (`net.core.somaxconn`) allows. By
 * Node's default of 511 a herd that comes back at once has its packets dropped, and tries again in 1, 3 and 7 s.
 */
const BACKLOG = 4_096;
/** Event streams cut at once, and the pause after them in milliseconds. */
const CUT_BATCH = 50;
const CUT_PAUSE_MS = 100;

function sentenceOf(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use: stop what listens there, or set PORT to another.`;
  if (error.code === 'EACCES')
    return `Port ${port} may not be listened on by this user: set PORT to one above 1023.`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return `HOST ${host} is not an address of this machine.`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

/** What a request is answered that is not HTTP as it should be, by Node's code. */
const STATUS_OF_MALFORMED: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function answerRaw(socket: Duplex, status: string, headers = ''): void {
  // Node leaves our half open for a client that never hangs up: an open file, and a server that cannot end.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
}

/** Makes the transport; nothing listens yet. */
export function createTransport(options: TransportOptions): Transport {
  const { webSockets, headersMs, requestMs, clock, mayAsk, clientAddress, isClosing, logger, offenders } =
    options;
  const server = createServer({
    headersTimeout: Math.min(headersMs, requestMs),
    requestTimeout: requestMs,
    connectionsCheckingInterval: CHECK_MS,
  });
  server.on('request', createHttpListener(options));
  /** Answers that go on until somebody ends them. */
  const streams = new Set<ServerResponse>();
  server.on('request', ({ headers }, response) => {
    if (headers.accept?.includes('text/event-stream') !== true) return;
    streams.add(response);
    response.once('close', () => streams.delete(response));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof Socket) {
      // Of a request that is not whole nobody knows whether a proxy forwarded it.
      offenders.tell('ms of a request', socket.remoteAddress ?? 'unknown', requestMs);
    }
    if (socket.writable) answerRaw(socket, STATUS_OF_MALFORMED[error.code ?? ''] ?? '400 Bad Request');
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const { headers, url = '' } = request;
    const forwarded = headers['x-forwarded-for'];
    const address = clientAddress(
      request.socket.remoteAddress,
      Array.isArray(forwarded) ? forwarded.join() : forwarded,
    );
    if (url.split('?')[0] !== '/graphql' || !(socket instanceof Socket))
      return answerRaw(socket, '404 Not Found');
    if (isClosing()) return answerRaw(socket, '503 Service Unavailable', 'Retry-After: 1\r\n');
    if (!mayAsk(request)) {
      logger.warn(
        { from: address, origin: headers.origin, what: 'websocket' },
        'refused: origin not in CORS_ORIGINS',
      );
      return answerRaw(socket, '403 Forbidden');
    }
    webSockets.upgrade(request, socket, head, address);
  });

  /** Cuts event streams in batches: an orderly end would look like the end of the ingestion. */
  async function cutStreams(): Promise<void> {
    const all = [...streams];
    for (let start = 0; start < all.length; start += CUT_BATCH) {
      if (start > 0) await new Promise<void>((resolve) => void clock.setTimer(CUT_PAUSE_MS, resolve));
      for (const response of all.slice(start, start + CUT_BATCH)) response.destroy();
    }
  }

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        const onError = (error: NodeJS.ErrnoException) =>
          reject(new Error(sentenceOf(error, host, port), { cause: error }));
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
