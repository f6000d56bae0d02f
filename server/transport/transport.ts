/**
 * The HTTP server with its WebSocket upgrades, and a second one for metrics: listening, answers that nobody reads, and
 * orderly shutdown. Knows no adapter of store or bus.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { sleep } from '../shared/sleep.js';
import { addressBlock } from '../auth/client-address.js';
import type { ClientAddress } from '../auth/client-address.js';
import type { LimitLogger } from '../observability/limit-logger.js';
import { createHttpListener } from './http.js';
import type { HttpOptions } from './http.js';
import { addressOf, pathOf } from './request-source.js';
import { onceOver } from './responses.js';
import { MAX_WAITING_BYTES, heaviestConsumers } from './send-buffers.js';
import type { WebSocketEndpoint } from './websocket.js';

/** Options of the transport. */
export interface TransportOptions extends HttpOptions {
  readonly webSockets: WebSocketEndpoint;
  /** Milliseconds for the header lines of a request. */
  readonly headersTimeoutMs: number;
  /** Milliseconds for the whole of a request. */
  readonly requestTimeoutMs: number;
  /** Milliseconds that a connection is kept after an answer. */
  readonly keepAliveMs: number;
  /** Milliseconds that an answer may wait for its client. */
  readonly slowConsumerTimeoutMs: number;
  /** What a port of their own serves metrics by, and which; null if they have none. */
  readonly ownMetrics: { readonly listener: RequestListener; readonly port: number } | null;
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

/** How often the timeouts of requests and answers are checked, in milliseconds. */
const CHECK_INTERVAL_MS = 1_000;
/** How often connections that have become idle are closed during shutdown, in milliseconds. */
const CLOSE_IDLE_INTERVAL_MS = 50;
/**
 * Length of the kernel's accept queue, up to its own limit (`net.core.somaxconn`). With Node's default of 511, clients
 * that reconnect at once have their packets dropped, and retry after 1, 3 and 7 s (invariant: drain-without-herd).
 */
const BACKLOG = 4_096;
/** Event streams cut per batch, and the pause between batches in milliseconds. */
const CUT_BATCH = 50;
const CUT_PAUSE_MS = 100;

function describeListenError(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  variable: string,
): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use: stop what listens there, or set ${variable} to another.`;
  if (error.code === 'EACCES')
    return `Port ${port} may not be listened on by this user: set ${variable} to one above 1023.`;
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

/** Listens; resolves with the port. Rejects with a sentence that names the variable to change. */
function listenOn(server: Server, host: string, port: number, variable: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject(new Error(describeListenError(error, host, port, variable), { cause: error }));
    server.once('error', onError);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', onError);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

/** Creates the transport; nothing listens yet. */
export function createTransport(options: TransportOptions): Transport {
  const {
    webSockets,
    headersTimeoutMs,
    requestTimeoutMs,
    keepAliveMs,
    slowConsumerTimeoutMs,
    ownMetrics,
    clock,
    isOriginAllowed,
    clientAddress,
    isClosing,
    limitLogger,
  } = options;
  const server = createServer({
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    keepAliveTimeout: keepAliveMs,
  });
  const metricsServer = ownMetrics === null ? null : createServer(ownMetrics.listener);
  /** Event streams, which go on until they are ended. */
  const streams = new Set<ServerResponse>();
  const listener = createHttpListener(options);
  server.on('request', (request, response) => {
    // A kept connection would be cut at the end, perhaps with the next request on its way.
    if (isClosing()) response.setHeader('Connection', 'close');
    if (request.headers.accept?.includes('text/event-stream') === true) {
      streams.add(response);
      onceOver(request, response, () => void streams.delete(response));
    }
    const connection = connections.get(request.socket);
    if (connection !== undefined && pathOf(request) === '/graphql') {
      connection.bodyFrom = request.socket.bytesRead;
      onceOver(request, response, () => (connection.bodyFrom = null));
    }
    listener(request, response);
  });

  /** Connections of HTTP: since when each leaves an answer unread, and where the body began that is being read whole. */
  const connections = new Map<Socket, { unreadSince: number | null; bodyFrom: number | null }>();
  let timer: CancelTimer | null = null;
  function onDrain(this: Socket): void {
    const connection = connections.get(this);
    if (connection !== undefined) connection.unreadSince = null;
  }
  function forget(this: Socket): void {
    this.off('drain', onDrain).off('close', forget);
    connections.delete(this);
  }
  server.on('connection', (socket) => {
    connections.set(socket.on('drain', onDrain).on('close', forget), { unreadSince: null, bodyFrom: null });
    timer ??= clock.setTimer(CHECK_INTERVAL_MS, checkUnread);
  });

  function cut(socket: Socket): void {
    limitLogger.logExceeded(
      'ms of an unread answer',
      socket.remoteAddress ?? 'unknown',
      slowConsumerTimeoutMs,
    );
    socket.destroy();
  }

  /** Cuts off clients that leave answers unread for long, and those for which most is kept if it is too much in all. */
  function checkUnread(): void {
    const now = clock.monotonicNow();
    // After the poll phase of this turn: what was taken while this process was busy is counted before it is judged.
    const immediate = setImmediate(() => {
      for (const [socket, connection] of connections) {
        if (socket.writableLength === 0) connection.unreadSince = null;
        else if (now - (connection.unreadSince ??= now) >= slowConsumerTimeoutMs) cut(socket);
      }
      const held = ([socket, { bodyFrom }]: readonly [Socket, { readonly bodyFrom: number | null }]) =>
        socket.writableLength + (bodyFrom === null ? 0 : socket.bytesRead - bodyFrom);
      for (const [socket] of heaviestConsumers(connections, held)) {
        const from = socket.remoteAddress ?? 'unknown';
        limitLogger.logExceeded('bytes waiting for clients', from, MAX_WAITING_BYTES);
        socket.destroy();
      }
      timer = connections.size === 0 ? null : clock.setTimer(CHECK_INTERVAL_MS, checkUnread);
    });
    timer = () => clearImmediate(immediate);
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof Socket) {
      // An incomplete request does not say whether a proxy forwarded it.
      limitLogger.logExceeded('ms of a request', socket.remoteAddress ?? 'unknown', requestTimeoutMs);
    }
    if (socket.writable) sendRaw(socket, STATUS_BY_PARSE_ERROR[error.code ?? ''] ?? '400 Bad Request');
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const address = addressOf(request, clientAddress);
    if (pathOf(request) !== '/graphql' || !(socket instanceof Socket))
      return sendRaw(socket, '404 Not Found');
    if (isClosing()) return sendRaw(socket, '503 Service Unavailable', 'Retry-After: 1\r\n');
    if (!isOriginAllowed(request)) {
      const fields = { from: address, origin: request.headers.origin };
      limitLogger.log('warn', addressBlock(address), fields, 'WebSocket refused: origin not in CORS_ORIGINS');
      return sendRaw(socket, '403 Forbidden');
    }
    // Its endpoint has rules of its own for what is unread.
    forget.call(socket);
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
    listen: async (host, port) => {
      if (metricsServer !== null && ownMetrics !== null)
        await listenOn(metricsServer, host, ownMetrics.port, 'METRICS_PORT');
      return listenOn(server, host, port, 'PORT');
    },
    close: async (deadlineMs) => {
      const until = clock.monotonicNow() + deadlineMs;
      await Promise.all([webSockets.drain(deadlineMs), cutStreams()]);
      metricsServer?.close();
      metricsServer?.closeAllConnections();
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      let cancel: CancelTimer = () => undefined;
      // Kept connections would last for `keepAliveMs` after the answers that are still on their way.
      const closeIdle = () => {
        const leftMs = until - clock.monotonicNow();
        if (leftMs > 0) server.closeIdleConnections();
        else server.closeAllConnections();
        cancel = clock.setTimer(Math.max(1, Math.min(CLOSE_IDLE_INTERVAL_MS, leftMs)), closeIdle);
      };
      closeIdle();
      await closed;
      cancel();
      timer?.();
    },
  };
}
