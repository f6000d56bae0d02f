/** Public types of the client: the connection, the ingestion and the options. */
import type { ProgressFragment } from '../generated/operations.js';

/** State of one ingestion, with the fields that the widget queries. */
export type Progress = ProgressFragment;
/** One phase of it. */
export type PhaseProgress = Progress['phases'][number];
/** Counts of a phase. */
export type PhaseMetrics = NonNullable<PhaseProgress['metrics']>;
/** Result of a completed ingestion. */
export type IngestionResult = NonNullable<Progress['result']>;
/** Error of a failed ingestion. */
export type IngestionError = NonNullable<Progress['error']>;

/**
 * The connection's states; never the job's. `idle`: no listeners. `completed`: closed because the ingestion ended, and the
 * next one isn't followed or is only polled for now and then. `disconnected`: stopped by the user, or attempts and polls are
 * used up. `unauthorized`: rejected after a forced token refresh, or the token doesn't cover this project. `error`: a
 * configuration or protocol error; it doesn't retry.
 */
export type ConnectionState =
  | 'idle'
  | 'connecting'
  | 'connected'
  | 'reconnecting'
  | 'polling'
  | 'offline'
  | 'disconnected'
  | 'unauthorized'
  | 'error'
  | 'completed';

/** Why a connection failed: a stable code, and a sentence that says how to fix it. */
export interface ConnectionError {
  /** Such as `TOKEN_EXPIRED`, `FORBIDDEN`, `ENDPOINT_INVALID`, `MIXED_CONTENT`, `PROJECT_ID_INVALID`, `CONNECTION_LOST`. */
  readonly code: string;
  readonly message: string;
}

/** The connection, with the data of each state. */
export type Connection =
  | { readonly state: 'idle' | 'connecting' | 'connected' | 'offline' | 'completed' }
  | {
      readonly state: 'reconnecting' | 'polling';
      /** Attempts started so far. */
      readonly attempt: number;
      /** Attempts before the client stops retrying. */
      readonly maxAttempts: number;
      /** When the next attempt is due, on the clock of `Environment.monotonicNow()`; null while one is running or none is left. */
      readonly nextAttemptAt: number | null;
      readonly error: ConnectionError | null;
    }
  | {
      readonly state: 'disconnected';
      readonly reason: 'stopped' | 'exhausted';
      readonly error: ConnectionError | null;
    }
  | { readonly state: 'unauthorized' | 'error'; readonly error: ConnectionError };

/** The client's state at one moment. The same object until something changes. */
export interface Snapshot {
  readonly connection: Connection;
  /** Null if nothing is known yet, or if the project never ingested: `knowledge` says which. */
  readonly progress: Progress | null;
  /** `none`: no state received yet; `remembered`: from the cache, not yet confirmed; `confirmed`: from a server. */
  readonly knowledge: 'none' | 'remembered' | 'confirmed';
  /** Real time is degraded: polling. */
  readonly isDegraded: boolean;
  readonly isOffline: boolean;
  /** Scopes of the token, from the server; null if unknown. */
  readonly scopes: readonly string[] | null;
  /**
   * The server's time (ms since the epoch) at `receivedAt`, so that ages don't depend on the local clock; null before the
   * first message.
   */
  readonly serverTime: number | null;
  /** When `serverTime` was received, on the monotonic clock; null before. */
  readonly receivedAt: number | null;
}

/** Events of a client, each once per change of state, the same on every transport. */
export interface IngestionClientEvents {
  'phase-started': {
    readonly progress: Progress;
    readonly phase: number;
    readonly phaseName: string;
    readonly message: string | null;
  };
  progress: { readonly progress: Progress };
  complete: { readonly progress: Progress; readonly result: IngestionResult };
  error: { readonly progress: Progress; readonly error: IngestionError };
  cancelled: { readonly progress: Progress };
  'connection-change': { readonly connection: Connection; readonly previous: Connection };
  /** Invalid data from the server; each kind is reported once. */
  warning: { readonly code: string; readonly message: string };
}

/** Result of a command. */
export interface CommandOutcome {
  readonly status: 'ACCEPTED' | 'REJECTED' | 'NO_RECEIVER';
  readonly reason: string | null;
}

/**
 * Follows one project. No DOM, no framework. Creating a client starts nothing: it connects with its first listener
 * (`subscribe` or `on`), and unsubscribes a second after the last one left, so that moving an element in the page or React's
 * double mounting costs no reconnect.
 */
export interface IngestionClient {
  /** The same object until something changes. */
  getSnapshot(): Snapshot;
  /**
   * Calls back after each change of the snapshot. The first call may come before this returns, since the first listener
   * connects. Returns an unsubscribe function; calling it twice does no harm.
   */
  subscribe(listener: () => void): () => void;
  on<Name extends keyof IngestionClientEvents>(
    name: Name,
    listener: (event: IngestionClientEvents[Name]) => void,
  ): () => void;
  /** Reconnects now with a new budget of attempts, from any state. */
  reconnect(): void;
  /** Disconnects until `reconnect()` is called. */
  disconnect(): void;
  /** Releases all sockets, timers and listeners; calling it twice does no harm. */
  dispose(): void;
  /** Rejects with an Error that has a `code` if the server rejects the command. */
  retryIngestion(fromPhase?: number): Promise<CommandOutcome>;
  cancelIngestion(): Promise<CommandOutcome>;
  /** The monotonic clock that `receivedAt` and `nextAttemptAt` are on, in ms. */
  monotonicNow(): number;
}

/** Which transport may be used. */
export type TransportChoice = 'auto' | 'websocket' | 'polling';

/** Returns a token; a new one if `force` is set, since the server rejected the last one or it is about to expire. */
export type GetToken = (request: {
  readonly force: boolean;
  readonly signal: AbortSignal;
}) => string | Promise<string>;

/** Options of a connection. Durations in milliseconds. */
export interface ConnectionOptions {
  /** GraphQL URL. @default '/graphql' on the page's origin */
  readonly endpoint?: string | undefined;
  /** WebSocket URL. @default endpoint with ws: or wss: */
  readonly wsEndpoint?: string | undefined;
  readonly token?: string | undefined;
  readonly getToken?: GetToken | undefined;
  /** @default 'auto' */
  readonly transport?: TransportChoice | undefined;
  /** Time between polls. @default 2000 */
  readonly pollIntervalMs?: number | undefined;
  /** Share of a delay by which it is varied at random, 0 to 1. @default 0.25 */
  readonly jitter?: number | undefined;
  /** Attempts before the client stops retrying. @default 10 */
  readonly maxAttempts?: number | undefined;
}

/**
 * A socket, or a poller, shared by all clients made with it. It opens with the first client that watches and closes after the
 * last.
 */
export interface IngestionConnection {
  /** Absolute URL. */
  readonly endpoint: string;
  /** Closes the connection for all its clients; calling it twice does no harm. */
  dispose(): void;
}

/** Options of a client. */
export interface IngestionClientOptions extends ConnectionOptions {
  /** 1 to 200 characters without control characters; not `.` or `..`. */
  readonly projectId: string;
  /** Watch this ingestion and those that retry it; without it, the project's latest. */
  readonly ingestionId?: string | undefined;
  /** Keep following the project's next ingestions. @default true */
  readonly follow?: boolean | undefined;
  /**
   * Where the last known state is cached, so that returning to a project shows it at once: nowhere, in this page, or also in
   * the tab's sessionStorage. It is only shown to the `sub` whose token fetched it. @default 'session'
   */
  readonly remember?: 'none' | 'memory' | 'session' | undefined;
  /**
   * A connection made by `createConnection`; its endpoint, token, transport and times apply. Without it, clients with the same
   * endpoint and the same token source share one automatically.
   */
  readonly connection?: IngestionConnection | undefined;
  readonly onWarning?: ((warning: IngestionClientEvents['warning']) => void) | undefined;
}
