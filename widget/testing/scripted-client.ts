/** A client that shows given snapshots, now or at given times: for stories of states that would take minutes to reach. */
import { eventsBetween } from '../client/progress-events.js';
import { createEmitter } from '../client/emitter.js';
import type {
  CommandOutcome,
  ConnectionError,
  IngestionClient,
  IngestionClientEvents,
  Progress,
  Snapshot,
} from '../client/types.js';

/** A client under the control of a test or a story. */
export interface ScriptedClient extends IngestionClient {
  /** Changes the snapshot and emits the events of the change. */
  show(change: Partial<Snapshot>): void;
  /** Calls so far, in order: 'reconnect', 'disconnect', 'retry', 'cancel', 'dispose'. */
  readonly calls: readonly string[];
}

/** One change, `atMs` after the first listener was added. */
export interface ScriptedChange extends Partial<Snapshot> {
  readonly atMs: number;
}

/** Options of a scripted client. */
export interface ScriptedClientOptions extends Partial<Snapshot> {
  /** Changes, played once in real time. */
  readonly changes?: readonly ScriptedChange[];
  /** Outcome of commands. @default ACCEPTED */
  readonly outcome?: CommandOutcome | ConnectionError;
}

interface ScriptedEvents extends IngestionClientEvents {
  readonly change: null;
}

/** Makes a scripted client; connected and without an ingestion by default. */
export function createScriptedClient(options: ScriptedClientOptions = {}): ScriptedClient {
  const { changes = [], outcome = { status: 'ACCEPTED', reason: null }, ...initial } = options;
  let snapshot: Snapshot = {
    connection: { state: 'connected' },
    progress: null,
    knowledge: 'confirmed',
    isDegraded: false,
    isOffline: false,
    scopes: null,
    serverTime: null,
    receivedAt: null,
    ...initial,
  };
  const calls: string[] = [];
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let started = false;
  const emitter = createEmitter<ScriptedEvents>((size) => {
    if (size === 0 || started) return;
    started = true;
    for (const { atMs, ...change } of changes) timers.add(setTimeout(() => show(change), atMs));
  });

  function show(change: Partial<Snapshot>): void {
    const before = snapshot;
    snapshot = { ...before, ...change };
    const { connection, progress } = snapshot;
    snapshot = {
      ...snapshot,
      isDegraded: change.isDegraded ?? connection.state === 'polling',
      isOffline: change.isOffline ?? connection.state === 'offline',
    };
    if (connection !== before.connection) {
      emitter.emit('connection-change', { connection, previous: before.connection });
    }
    if (progress !== null && progress !== before.progress) emitEvents(before.progress, progress);
    emitter.emit('change', null);
  }
  function emitEvents(before: Progress | null, after: Progress): void {
    for (const { name, event } of eventsBetween(before, after)) emitter.emit(name, event);
  }
  async function command(call: string): Promise<CommandOutcome> {
    calls.push(call);
    if ('status' in outcome) return outcome;
    throw Object.assign(new Error(outcome.message), { code: outcome.code });
  }

  return {
    calls,
    show,
    getSnapshot: () => snapshot,
    subscribe: (listener) => emitter.on('change', listener),
    on: (name, listener) => emitter.on(name, listener),
    reconnect: () => calls.push('reconnect'),
    disconnect: () => calls.push('disconnect'),
    dispose() {
      calls.push('dispose');
      for (const timer of timers) clearTimeout(timer);
      emitter.clear();
    },
    retryIngestion: () => command('retry'),
    cancelIngestion: () => command('cancel'),
    monotonicNow: () => performance.now(),
  };
}
