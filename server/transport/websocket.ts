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
import { createUnacknowledgedQueue } from '../auth/connection-quotas.js';
import type { ConnectionQuotas } from '../auth/connection-quotas.js';
import { CLOSES } from './close-codes.js';
import { CONNECTION_LIMITS, Connection } from './connection.js';
import type { ConnectionLimits } from './connection.js';
import { createGraphqlProtocol } from './graphql-protocol.js';
import type { GraphqlProtocolOptions } from './graphql-protocol.js';
import { requestIdOf } from './request-source.js';
import { MAX_WAITING_BYTES, heaviestConsumers } from './send-buffers.js';

/** Limits besides those of the protocol. */
export interface WebSocketLimits extends Partial<ConnectionLimits> {
  /** Largest message in bytes; past it 1009. */
  readonly messageBytes: number;
  /** Connections before connection_ack, in all and of one address; past it the oldest is closed with 1013. */
  readonly unacknowledged: { readonly total: number; readonly perAddress: number };
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
/** Fragments of one message: clients that send any send few, and each costs far more than its bytes. */
const MAX_FRAGMENTS = 64;
/** Packets of one frame, by the size that they have at least on average. */
const MIN_PACKET_BYTES = 256;
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
  options: Omit<GraphqlProtocolOptions, 'admit'> & {
    readonly limits: WebSocketLimits;
    readonly connectionQuotas: ConnectionQuotas;
    readonly counters: ConnectionCounters;
  },
): WebSocketEndpoint {
  const { clock, logger, limitLogger, connectionQuotas } = options;
  const limits = { ...CONNECTION_LIMITS, ...options.limits };
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.messageBytes,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: Math.max(1_024, Math.ceil(limits.messageBytes / MIN_PACKET_BYTES)),
    perMessageDeflate: false,
    handleProtocols,
  });
  const graphql = makeServer(createGraphqlProtocol({ ...options, admit }));
  const connections = new Set<Connection>();
  const unacknowledged = createUnacknowledgedQueue<Connection>(limits.unacknowledged);
  let timer: CancelTimer | null = null;
  let onEmpty: (() => void) | null = null;

  /** Counts a connection as its viewer's; returns what frees its place, or null if there is none. */
  function admit(connection: Connection, subject: string): (() => void) | null {
    const { address } = connection.source;
    if (!connectionQuotas.acquire(subject, address)) return null;
    unacknowledged.delete(connection);
    return () => connectionQuotas.release(subject, address);
  }

  function check(now: number): void {
    for (const connection of connections) connection.checkTimeouts(now);
    for (const connection of heaviestConsumers(connections, ({ waitingBytes }) => waitingBytes)) {
      limitLogger.logExceeded('bytes waiting for clients', connection.source.address, MAX_WAITING_BYTES);
      connection.close(CLOSES.tooSlow);
      connection.terminate();
    }
  }

  function tick(): void {
    const now = clock.monotonicNow();
    // After the poll phase of this turn: what the kernel held while this process was busy is read before it is judged.
    const immediate = setImmediate(() => {
      timer = null;
      check(now);
      armTimer();
    });
    timer = () => clearImmediate(immediate);
  }

  function armTimer(): void {
    if (timer === null && connections.size > 0) timer = clock.setTimer(TICK_MS, tick);
  }

  function onMessageFailed(connection: Connection, error: unknown): void {
    // A message of a type that only servers send; anything else is a fault of ours, or a socket that is gone.
    if (error instanceof Error && error.message.startsWith('Unexpected message of type')) {
      connection.close(CLOSES.malformed);
    } else if (connection.closing === null) {
      const { address, requestId } = connection.source;
      const fields = { error: String(error), from: address, requestId };
      limitLogger.log('error', address, fields, 'WebSocket message failed');
      connection.close(CLOSES.failed);
    }
  }

  function receive(connection: Connection, handle: HandleMessage, text: string): void {
    connection.markMessage(text.length);
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
      const code = 'code' in error ? error.code : null;
      if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
        limitLogger.logExceeded('bytes of a message', address, limits.messageBytes);
      if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS')
        limitLogger.logExceeded('fragments of a message', address, MAX_FRAGMENTS);
      logger.debug({ error: String(error), from: address, requestId: source.requestId }, 'WebSocket error');
    });
    const closed = graphql.opened(new ProtocolSocket(connection, socket, receive), connection);
    socket.once('close', (code, reason) => {
      const close = connection.closing ?? { code, reason: String(reason) };
      connection.ended(close);
      unacknowledged.delete(connection);
      options.counters.closed(close.code);
      if (close === CLOSES.initialisationTimeout)
        limitLogger.logExceeded('ms until connection_init', address, limits.connectionInitTimeoutMs);
      // 1000 is the client's own close; after any other it may reconnect.
      if (connection.session !== null && close.code !== 1000) {
        options.reconnectCounter.disconnected(connection.session.viewer.subject);
      }
      connections.delete(connection);
      void closed(code, String(reason));
      logger.debug(
        { code: close.code, from: address, requestId: source.requestId },
        'WebSocket disconnected',
      );
      if (connections.size > 0) return;
      timer?.();
      timer = null;
      onEmpty?.();
    });
    const oldest = unacknowledged.add(connection, address);
    if (oldest === null) return;
    const { perAddress } = limits.unacknowledged;
    limitLogger.logExceeded('unacknowledged connections', oldest.source.address, perAddress);
    oldest.close(CLOSES.tooManyConnections);
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
