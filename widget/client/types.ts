/** The public types of the client core: what a page sees of the connection and of the ingestion. */
import type { ProgressFragment } from '../generated/operations.js';

/** State of one ingestion, with the fields that the widget's document asks for. */
export type Progress = ProgressFragment;
/** One phase of it. */
export type PhaseProgress = Progress['phases'][number];
/** Counts of a phase. */
export type PhaseMetrics = NonNullable<PhaseProgress['metrics']>;
/** How it came out. */
export type IngestionResult = NonNullable<Progress['result']>;
/** Why it failed. */
export type IngestionError = NonNullable<Progress['error']>;

/**
 * The connection's states; never the job's. `idle`: nobody listens. `completed`: closed because the ingestion ended, and
 * nobody follows or the next one is only looked for now and then. `disconnected`: stopped by the user, or attempts and
 * polls both spent. `unauthorized`: refused after a forced refresh, or this project is not the token's. `error`:
 * configuration or protocol, given up.
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

/** Why a connection is not well: a stable code, and a sentence that says what would be right. */
export interface ConnectionError {
  /** Such as `TOKEN_EXPIRED`, `FORBIDDEN`, `ENDPOINT_INVALID`, `MIXED_CONTENT`, `PROJECT_ID_INVALID`, `CONNECTION_LOST`. */
  readonly code: string;
  readonly message: string;
}

/** The connection, with what belongs to each state. */
export type Connection =
  | { readonly state: 'idle' | 'connecting' | 'connected' | 'offline' | 'completed' }
  | {
      readonly state: 'reconnecting' | 'polling';
      /** Attempts of the current budget already begun. */
      readonly attempt: number;
      /** The budget. */
      readonly maxAttempts: number;
      /** When the next attempt is due, on the clock of `Environment.monotonicNow()`; null while one is under way or none is left. */
      readonly nextAttemptAt: number | null;
      readonly error: ConnectionError | null;
    }
  | {
      readonly state: 'disconnected';
      readonly reason: 'stopped' | 'exhausted';
      readonly error: ConnectionError | null;
    }
  | { readonly state: 'unauthorized' | 'error'; readonly error: ConnectionError };

/** What a page may draw at one moment. The same object until something changes. */
export interface Snapshot {
  readonly connection: Connection;
  /** Null where nothing is known yet, or the project never ingested: `knowledge` tells which. */
  readonly progress: Progress | null;
  /** `none`: nothing heard yet; `remembered`: from memory, not yet confirmed; `confirmed`: a server said so. */
  readonly knowledge: 'none' | 'remembered' | 'confirmed';
  /** Real time is degraded: polling. */
  readonly isDegraded: boolean;
  readonly isOffline: boolean;
  /** Scopes of the token, as the server told; null where not known. */
  readonly scopes: readonly string[] | null;
  /**
   * The server's time (ms since the epoch) at `receivedAt`, so that ages never depend on the local clock; null before
   * the first message.
   */
  readonly serverTime: number | null;
  /** When `serverTime` was taken, on the monotonic clock; null before. */
  readonly receivedAt: number | null;
}

/** Events of a client, each once per change of state, alike on every transport. */
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
  /** Server data that did not fit; reported once each kind. */
  warning: { readonly code: string; readonly message: string };
}

/** How a command that a person gave fared. */
export interface CommandOutcome {
  readonly status: 'ACCEPTED' | 'REJECTED' | 'NO_RECEIVER';
  readonly reason: string | null;
}

/**
 * Follows one project. No DOM, no framework. Making one starts nothing: it opens with its first listener (`subscribe` or
 * `on`), and gives its place on the socket back a second after the last one left, so that moving an element in the page
 * or React's double mounting costs no reconnect.
 */
export interface IngestionClient {
  /** The same object until something changes. */
  getSnapshot(): Snapshot;
  /**
   * Told after each change of the snapshot; the first may come before this returns, since listening opens. Returns its
   * unsubscribe; calling that twice does no harm.
   */
  subscribe(listener: () => void): () => void;
  on<Name extends keyof IngestionClientEvents>(
    name: Name,
    listener: (event: IngestionClientEvents[Name]) => void,
  ): () => void;
  /** A fresh budget of attempts, at once; also out of every stopped state. */
  reconnect(): void;
  /** Stops until `reconnect()`. */
  disconnect(): void;
  /** Gives back every socket, timer and listener; a second call does no harm. */
  dispose(): void;
  /** Rejects with an Error that has a `code` where the server refuses. */
  retryIngestion(fromPhase?: number): Promise<CommandOutcome>;
  cancelIngestion(): Promise<CommandOutcome>;
  /** The monotonic clock that `receivedAt` and `nextAttemptAt` are on, in ms. */
  monotonicNow(): number;
}

/** Which transport may be used. */
export type TransportChoice = 'auto' | 'websocket' | 'polling';

/** A token, or how to get one. */
export type GetToken = (request: {
  readonly forced: boolean;
  readonly signal: AbortSignal;
}) => string | Promise<string>;

/** Options of a connection. Durations in milliseconds. */
export interface ConnectionOptions {
  /** GraphQL address. @default '/graphql' on the page's origin */
  readonly endpoint?: string | undefined;
  /** WebSocket address. @default endpoint with ws: or wss: */
  readonly wsEndpoint?: string | undefined;
  readonly token?: string | undefined;
  readonly getToken?: GetToken | undefined;
  /** @default 'auto' */
  readonly transport?: TransportChoice | undefined;
  /** Time between polls. @default 2000 */
  readonly pollIntervalMs?: number | undefined;
  /** Share of a delay by which it is spread, 0 to 1. @default 0.25 */
  readonly jitter?: number | undefined;
  /** Attempts in a budget. @default 10 */
  readonly maxAttempts?: number | undefined;
}

/**
 * One socket, or one round of polls, shared by every client made with it. It opens with the first that watches and closes
 * after the last.
 */
export interface IngestionConnection {
  /** Absolute. */
  readonly endpoint: string;
  /** Closes it for all its clients; a second call does no harm. */
  dispose(): void;
}

/** Options of a client. */
export interface IngestionClientOptions extends ConnectionOptions {
  /** 1 to 128 of `A-Za-z0-9._:-`. */
  readonly projectId: string;
  /** Watch this ingestion and those that retry it; without it, the project's latest. */
  readonly ingestionId?: string | undefined;
  /** Stay for the project's next ingestions. @default true */
  readonly follow?: boolean | undefined;
  /**
   * Where the last known state is kept, so that coming back shows it at once: nowhere, for as long as this page lives, or
   * in the tab's sessionStorage too. Only ever shown to the `sub` whose token fetched it. @default 'session'
   */
  readonly remember?: 'none' | 'memory' | 'session' | undefined;
  /**
   * A connection made by `createConnection`, which then says endpoint, token, transport and times. Without it, clients
   * with the same endpoint and the same token source share one by themselves.
   */
  readonly connection?: IngestionConnection | undefined;
  readonly onWarning?: ((warning: IngestionClientEvents['warning']) => void) | undefined;
}
