/**
 * The WebSocket endpoint: upgrades, all open connections, their timeouts with one timer, and draining. Messages are the
 * protocol's.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { handleProtocols, makeServer } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { CancelTimer } from '../shared/clock.js';
import { sleep } from '../shared/sleep.js';
import { CLOSES } from './close-codes.js';
import { CONNECTION_LIMITS, Connection } from './connection.js';
import type { ConnectionLimits } from './connection.js';
import { createGraphqlProtocol } from './graphql-protocol.js';
import type { GraphqlProtocolOptions } from './graphql-protocol.js';
import { requestIdOf } from './request-source.js';

/** Limits besides those of the protocol. */
export interface WebSocketLimits extends Partial<ConnectionLimits> {
  /** Largest message in bytes; past it 1009. */
  readonly messageBytes: number;
  /** Connections in all; past it 1013. */
  readonly connections: number;
  /** Connections of one address; past it 1013. */
  readonly connectionsPerAddress: number;
}

/** Counts connections, for the metrics. */
export interface ConnectionCounters {
  opened(): void;
  closed(code: number): void;
}

/** See the file's head. */
export interface WebSocketEndpoint {
  /** Takes an upgrade whose path and origin were checked. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, address: string): void;
  readonly connections: number;
  /** Closes all connections in batches with 1012; those still open after `deadlineMs` are terminated. */
  drain(deadlineMs: number): Promise<void>;
}

/** How often timeouts are checked, in milliseconds. */
const TICK_MS = 1_000;
/** Connections closed per batch, and the pause between batches in milliseconds (invariant: drain-without-herd). */
const DRAIN_BATCH = 50;
const DRAIN_PAUSE_MS = 100;

/** A connection as graphql-ws sees it. A class, since there may be very many: its methods are shared. */
class ProtocolSocket {
  constructor(
    private readonly connection: Connection,
    private readonly socket: WebSocket,
    private readonly receive: (connection: Connection, handle: HandleMessage, text: string) => void,
  ) {}

  get protocol(): string {
    return this.socket.protocol;
  }

  send(text: string): Promise<void> {
    return this.connection.send(text);
  }

  close(code: number = CLOSES.failed.code, reason = ''): void {
    this.connection.close({ code, reason });
  }

  onMessage(handle: HandleMessage): void {
    this.socket.on('message', (data) => this.receive(this.connection, handle, String(data)));
  }
}

/** How graphql-ws takes messages. */
type HandleMessage = (message: string) => Promise<void>;

/**
 * A message for graphql-ws, which keeps it for as long as the operation that it begins: the object, for which it has
 * no type but which it takes as it is, since the text is a kilobyte for each watcher. What is no object stays text, and
 * is refused as that.
 */
function messageOf(text: string): string {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null ? (message as string & object) : text;
  } catch {
    return text;
  }
}

/** Creates the endpoint; it holds one timer while a connection is open. */
export function createWebSocketEndpoint(
  options: GraphqlProtocolOptions & {
    readonly limits: WebSocketLimits;
    readonly counters: ConnectionCounters;
  },
): WebSocketEndpoint {
  const { clock, logger, limitLogger } = options;
  const limits = { ...CONNECTION_LIMITS, ...options.limits };
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.messageBytes,
    perMessageDeflate: false,
    handleProtocols,
  });
  const graphql = makeServer(createGraphqlProtocol(options));
  const connections = new Set<Connection>();
  const perAddress = new Map<string, number>();
  let timer: CancelTimer | null = null;
  let onEmpty: (() => void) | null = null;

  function tick(): void {
    timer = null;
    const now = clock.monotonicNow();
    for (const connection of connections) connection.checkTimeouts(now);
    armTimer();
  }

  function armTimer(): void {
    if (timer === null && connections.size > 0) timer = clock.setTimer(TICK_MS, tick);
  }

  function count(address: string, change: 1 | -1): number {
    const total = (perAddress.get(address) ?? 0) + change;
    if (total === 0) perAddress.delete(address);
    else perAddress.set(address, total);
    return total;
  }

  function onMessageFailed(connection: Connection, error: unknown): void {
    // A message of a type that only servers send; anything else is a fault of ours, or a socket that is gone.
    if (error instanceof Error && error.message.startsWith('Unexpected message of type')) {
      connection.close(CLOSES.malformed);
    } else if (connection.closing === null) {
      logger.error(
        { error: String(error), requestId: connection.source.requestId },
        'WebSocket message failed',
      );
      connection.close(CLOSES.failed);
    }
  }

  function receive(connection: Connection, handle: HandleMessage, text: string): void {
    if (connection.closing !== null) return;
    if (connection.isBufferFull) connection.close(CLOSES.tooSlow);
    else handle(messageOf(text)).catch((error: unknown) => onMessageFailed(connection, error));
  }

  function open(socket: WebSocket, raw: Socket, address: string, givenId: string | null): void {
    // Not a UUID, which V8 keeps as a rope of sixteen pieces.
    const requestId = givenId ?? randomBytes(15).toString('base64url');
    const source = { address, transport: 'websocket', requestId } as const;
    const connection = new Connection(socket, raw, source, limits, clock.monotonicNow());
    connections.add(connection);
    options.counters.opened();
    armTimer();
    socket.on('error', (error) => {
      if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
        limitLogger.logExceeded('bytes of a message', address, limits.messageBytes);
      }
      logger.debug({ error: String(error), from: address, requestId: source.requestId }, 'WebSocket error');
    });
    const closed = graphql.opened(new ProtocolSocket(connection, socket, receive), connection);
    socket.once('close', (code, reason) => {
      connection.closing ??= { code, reason: String(reason) };
      options.counters.closed(connection.closing.code);
      if (connection.closing.code === CLOSES.initialisationTimeout.code) {
        limitLogger.logExceeded('ms until connection_init', address, limits.connectionInitTimeoutMs);
      }
      // 1000 is the client's own close; after any other it may reconnect.
      if (connection.session !== null && connection.closing.code !== 1000) {
        options.reconnectCounter.disconnected(connection.session.viewer.subject);
      }
      connection.untrack?.();
      connections.delete(connection);
      count(address, -1);
      void closed(code, String(reason));
      logger.debug(
        { code: connection.closing.code, from: address, requestId: source.requestId },
        'WebSocket disconnected',
      );
      if (connections.size > 0) return;
      timer?.();
      timer = null;
      onEmpty?.();
    });
    const isOverAddressLimit = count(address, 1) > limits.connectionsPerAddress;
    if (isOverAddressLimit)
      limitLogger.logExceeded('connections of an address', address, limits.connectionsPerAddress);
    else if (connections.size > limits.connections)
      limitLogger.logExceeded('connections', 'all', limits.connections);
    else return;
    connection.close(CLOSES.tooManyConnections);
  }

  return {
    upgrade: (request, raw, head, address) => {
      const requestId = requestIdOf(request.headers);
      server.handleUpgrade(request, raw, head, (socket) => open(socket, raw, address, requestId));
    },
    get connections() {
      return connections.size;
    },
    drain: async (deadlineMs) => {
      const until = clock.monotonicNow() + deadlineMs;
      const all = [...connections];
      for (let start = 0; start < all.length && clock.monotonicNow() < until; start += DRAIN_BATCH) {
        if (start > 0) await sleep(clock, DRAIN_PAUSE_MS);
        for (const connection of all.slice(start, start + DRAIN_BATCH)) connection.close(CLOSES.restarting);
      }
      if (connections.size === 0) return;
      const emptied = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      await Promise.race([emptied, sleep(clock, Math.max(0, until - clock.monotonicNow()))]);
      for (const connection of connections) connection.terminate();
    },
  };
}
