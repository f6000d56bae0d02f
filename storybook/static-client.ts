/** A client with a fixed snapshot and a fixed clock, so that every screenshot is the same. */
import type {
  CommandOutcome,
  Connection,
  IngestionClient,
  IngestionClientEvents,
  Progress,
  Snapshot,
} from '@ingestion-progress/widget/client';
import { NOW } from './samples.js';

/** A client whose clock, in ms, only moves by `advance`; the connection entered its state at 0. */
export interface StaticClient extends IngestionClient {
  /** Changes the snapshot and notifies the listeners. */
  show(change: Partial<Snapshot>): void;
  /** Advances the clock; the snapshot stays. */
  advance(ms: number): void;
  /** Fires one of the client's events. */
  emit<Name extends keyof IngestionClientEvents>(name: Name, event: IngestionClientEvents[Name]): void;
  /** Calls so far, in order: `reconnect`, `disconnect`, `dispose`, `retry`, `cancel`. */
  readonly calls: readonly string[];
  /** Listeners that are attached now. */
  readonly listenerCount: number;
}

/** The snapshot, and the outcome of commands. */
export interface StaticClientOptions {
  readonly progress?: Progress | null;
  readonly connection?: Connection;
  readonly knowledge?: Snapshot['knowledge'];
  readonly scopes?: readonly string[] | null;
  /** The outcome of a command. @default accepted */
  readonly answer?: () => Promise<CommandOutcome>;
}

/** A snapshot at the moment of the samples. */
export function staticSnapshot(options: StaticClientOptions = {}): Snapshot {
  const {
    connection = { state: 'connected' },
    progress = null,
    knowledge = 'confirmed',
    scopes = null,
  } = options;
  const isConfirmed = knowledge === 'confirmed';
  return {
    connection,
    progress,
    knowledge,
    isDegraded: connection.state === 'polling',
    isOffline: connection.state === 'offline',
    scopes,
    serverTime: isConfirmed ? NOW : null,
    receivedAt: isConfirmed ? 0 : null,
  };
}

/** Makes a static client. */
export function createStaticClient(options: StaticClientOptions = {}): StaticClient {
  let snapshot = staticSnapshot(options);
  let now = 0;
  const calls: string[] = [];
  const listeners = new Set<() => void>();
  const handlers = new Map<string, Set<(event: never) => void>>();
  const answer = options.answer ?? (() => Promise.resolve({ status: 'ACCEPTED' as const, reason: null }));

  return {
    calls,
    get listenerCount() {
      return [...handlers.values()].reduce((sum, set) => sum + set.size, listeners.size);
    },
    show: (change) => {
      snapshot = { ...snapshot, ...change };
      for (const listener of [...listeners]) listener();
    },
    advance: (ms) => {
      now += ms;
    },
    emit: (name, event) => {
      for (const handler of [...(handlers.get(name) ?? [])])
        (handler as (value: typeof event) => void)(event);
    },
    getSnapshot: () => snapshot,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    on: (name, listener) => {
      const set = handlers.get(name) ?? new Set();
      handlers.set(name, set.add(listener));
      return () => set.delete(listener);
    },
    reconnect: () => calls.push('reconnect'),
    disconnect: () => calls.push('disconnect'),
    dispose: () => calls.push('dispose'),
    retryIngestion: () => {
      calls.push('retry');
      return answer();
    },
    cancelIngestion: () => {
      calls.push('cancel');
      return answer();
    },
    monotonicNow: () => now,
  };
}
