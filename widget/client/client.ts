/**
 * Follows one project: the client that elements, hooks and terminals stand on. Puts together what the connection, the
 * watch and the tracker say, and tells it as snapshots and events.
 */
import { ReadProgressDocument } from '../generated/operations.js';
import { createCommands } from './commands.js';
import { asConnection, type Watch } from './connection.js';
import { sharedConnection } from './connection-pool.js';
import { callHost, createEmitter } from './emitter.js';
import { createMemory } from './memory.js';
import { DEFAULTS, checkIds } from './options.js';
import { present, sameConnection } from './present.js';
import { hasEnded } from './progress-fold.js';
import { createTracker } from './tracker.js';
import {
  OperationError,
  type Answer,
  type Loss,
  type TransportSession,
  type WatchTarget,
} from './transport.js';
import type { IngestionClient, IngestionClientEvents, IngestionClientOptions, Snapshot } from './types.js';
import { follow, type WatchEvent, type WatchState } from './watch-machine.js';
import { readProgress } from './wire.js';

interface ClientEvents extends IngestionClientEvents {
  readonly change: null;
}

/**
 * Makes a client. Throws `RangeError` at options that only a mistake in the program can bring about; a wrong endpoint or
 * id is told as the connection state `error`, with a sentence that says how to mend it.
 *
 * @example
 * const client = createIngestionClient({ projectId: 'p1', endpoint: '/graphql', getToken: fetchToken });
 * const stop = client.subscribe(() => draw(client.getSnapshot()));
 */
export function createIngestionClient(options: IngestionClientOptions): IngestionClient {
  const { projectId, ingestionId = null, remember = DEFAULTS.remember } = options;
  const connection = options.connection ? asConnection(options.connection) : sharedConnection(options);
  const { environment, settings } = connection;
  const problem = checkIds(options) ?? connection.problem;
  const target: WatchTarget = { projectId, ingestionId, follow: options.follow ?? DEFAULTS.follow };
  const stays = target.follow && ingestionId === null;
  const memoryKey = ingestionId === null ? projectId : `${projectId} ${ingestionId}`;
  const memory =
    remember === 'none' ? null : createMemory(environment, connection.endpoint, remember === 'session');

  const emitter = createEmitter<ClientEvents>(listen);
  const tracker = createTracker({
    named: ingestionId !== null,
    tell: ({ name, event }) => {
      // Whoever hears of a change finds it in the snapshot already.
      if (snapshot.progress !== tracker.progress) {
        snapshot = { ...snapshot, progress: tracker.progress, knowledge: tracker.knowledge };
        isUntold = true;
      }
      emitter.emit(name, event);
    },
    readIngestion: async (id) => {
      const data = await connection
        .request({ query: ReadProgressDocument.toString(), variables: { projectId, ingestionId: id } })
        .catch((error: unknown) => {
          warn('ENDING_UNKNOWN', `The ending of ingestion ${id} could not be read: ${String(error)}`);
        });
      return readProgress((data as { progress?: unknown } | null | undefined)?.progress) ?? null;
    },
  });
  const warned = new Set<string>();
  function warn(code: string, message: string): void {
    if (warned.has(code) || disposed) return;
    warned.add(code);
    const { onWarning } = options;
    if (onWarning) callHost(() => onWarning({ code, message }));
    emitter.emit('warning', { code, message });
  }

  const commands = createCommands(connection, projectId, {
    ingestionId: () => tracker.progress?.id ?? null,
    // The place may have been given back: whoever asked for another go wants to see it.
    accepted: () => {
      step({ type: 'stirred' });
    },
  });

  let disposed = false;
  /** The snapshot changed before an event was told, and its subscribers have yet to hear. */
  let isUntold = false;
  let watch: WatchState = problem === null ? { name: 'idle' } : { name: 'error', error: problem };
  let place: Watch | null = null;
  let cancelLinger: (() => void) | null = null;
  let cancelDue: (() => void) | null = null;
  let cancelRest: (() => void) | null = null;
  let stopSignals: (() => void) | null = null;
  let looks: TransportSession | null = null;
  let snapshot: Snapshot = {
    connection: present(connection.state, watch, settings.maxAttempts, false),
    progress: null,
    knowledge: 'none',
    isDegraded: false,
    isOffline: false,
    scopes: null,
    serverTime: null,
    receivedAt: null,
  };
  recall();
  snapshot = { ...snapshot, progress: tracker.progress, knowledge: tracker.knowledge };

  function recall(): void {
    if (tracker.knowledge !== 'none') return;
    const known = memory?.recall(connection.subject(), memoryKey);
    if (known) tracker.remember(known);
  }

  /** The first listener opens, the last one closes after a while. */
  function listen(size: number): void {
    if (disposed) return;
    cancelLinger?.();
    cancelLinger = null;
    if (size === 0) {
      cancelLinger = environment.setTimer(DEFAULTS.lingerMs, () => {
        stopSignals?.();
        stopSignals = null;
        step({ type: 'leave' });
      });
      return;
    }
    stopSignals ??= environment.onSignal((signal) => {
      if (signal === 'leave') memory?.save();
      else if (signal === 'wake' && watch.name === 'resting') void look();
    });
    step({ type: 'listen' });
  }

  function step(event: WatchEvent): void {
    if (disposed) return;
    const before = watch;
    const moment = {
      now: environment.monotonicNow(),
      random: environment.random(),
      online: environment.isOnline(),
      visible: environment.isVisible(),
    };
    watch = follow(before, event, moment, { ...settings, restPollIntervalMs: DEFAULTS.restPollIntervalMs });
    if (watch !== before) enact(before);
    update();
  }

  /** Makes true what the watch's state says. */
  function enact(before: WatchState): void {
    const { name } = watch;
    cancelDue?.();
    cancelDue = null;
    if ('dueAt' in watch) {
      const due = name === 'retrying' ? () => step({ type: 'retryDue' }) : () => void look();
      cancelDue = environment.setTimer(Math.max(0, watch.dueAt - environment.monotonicNow()), due);
    }
    const pursued = name === 'waiting' || name === 'live' || name === 'retrying' || name === 'refreshing';
    if (!pursued) {
      place?.release();
      place = null;
      cancelRest?.();
      cancelRest = null;
    } else {
      place ??= connection.join(target, { answer, changed: update });
      place.setActive(name === 'waiting' || name === 'live');
    }
    if (name === 'refreshing' && before.name !== 'refreshing') {
      connection.renew().then(
        () => {
          step({ type: 'renewed' });
        },
        (error: unknown) => {
          step({ type: 'failed', loss: lossOf(error) });
        },
      );
    }
    if (name !== 'resting') {
      looks?.close();
      looks = null;
    }
    if (name === 'unauthorized') memory?.forget(watch.error.code === 'FORBIDDEN' ? memoryKey : null);
    if (name === 'idle' || name === 'stopped') memory?.save();
  }

  function answer(heard: Answer): void {
    if (disposed) return;
    if (heard.type === 'failed') {
      step({ type: 'failed', loss: heard.loss });
      return;
    }
    if (heard.type === 'complete') {
      const ended = tracker.progress !== null && hasEnded(tracker.progress);
      if (ended && !stays) step({ type: 'ended' });
      else step({ type: 'failed', loss: CUT_SHORT });
      return;
    }
    if (heard.type === 'unchanged') tracker.confirm();
    else take(heard.progress);
    step({ type: 'answered' });
    settle();
  }
  function take(value: unknown): void {
    const progress = readProgress(value);
    if (progress === undefined) {
      warn('DATA_INVALID', 'The server sent a state that cannot be one; it was ignored.');
      return;
    }
    recall();
    tracker.hear(progress);
    if (tracker.progress !== null) memory?.keep(connection.subject(), memoryKey, tracker.progress);
  }
  /** After an ending: nobody follows, or the place is given back in a while. */
  function settle(): void {
    const { progress } = tracker;
    const ended = progress !== null && hasEnded(progress) && tracker.knowledge === 'confirmed';
    if (ended && !stays) {
      memory?.save();
      step({ type: 'ended' });
    } else if (!ended) {
      cancelRest?.();
      cancelRest = null;
    } else {
      cancelRest ??= environment.setTimer(DEFAULTS.restAfterMs, () => {
        cancelRest = null;
        step({ type: 'restDue' });
      });
    }
  }

  /** One look for the next ingestion, while resting. */
  async function look(): Promise<void> {
    try {
      looks ??= await connection.openPolls(
        (heard) => {
          if (disposed || watch.name !== 'resting') return;
          if (heard.type === 'state') take(heard.progress);
          else if (heard.type === 'failed') step({ type: 'failed', loss: heard.loss });
          const { progress } = tracker;
          step({ type: progress !== null && hasEnded(progress) ? 'answered' : 'stirred' });
        },
        target,
        (loss) => step({ type: 'failed', loss }),
      );
      if (watch.name === 'resting') looks.check();
    } catch (error) {
      step({ type: 'failed', loss: lossOf(error) });
    }
  }

  function update(): void {
    if (disposed) return;
    recall();
    const heard = tracker.knowledge === 'confirmed';
    const shown = present(connection.state, watch, settings.maxAttempts, heard);
    const previous = snapshot.connection;
    const changed = !sameConnection(previous, shown);
    const clock = connection.serverClock;
    const next: Snapshot = {
      connection: changed ? shown : previous,
      progress: tracker.progress,
      knowledge: tracker.knowledge,
      isDegraded: shown.state === 'polling',
      isOffline: shown.state === 'offline',
      scopes: connection.scopes,
      serverTime: clock?.serverTime ?? null,
      receivedAt: clock?.receivedAt ?? null,
    };
    const entries = Object.entries(next) as [keyof Snapshot, unknown][];
    if (!isUntold && entries.every(([name, value]) => snapshot[name] === value)) return;
    isUntold = false;
    snapshot = next;
    if (
      shown.state === 'unauthorized' &&
      previous.state !== 'unauthorized' &&
      watch.name !== 'unauthorized'
    ) {
      memory?.forget(null);
    }
    if (changed) emitter.emit('connection-change', { connection: shown, previous });
    emitter.emit('change', null);
  }

  return {
    getSnapshot: () => snapshot,
    subscribe: (listener) => emitter.on('change', listener),
    on: <Name extends keyof IngestionClientEvents>(
      name: Name,
      listener: (event: IngestionClientEvents[Name]) => void,
    ) => emitter.on(name, listener),
    reconnect() {
      if (disposed || problem !== null) return;
      step({ type: 'reconnect' });
      if (place !== null) connection.reconnect();
    },
    disconnect() {
      if (!disposed && problem === null) step({ type: 'disconnect' });
    },
    dispose() {
      if (disposed) return;
      memory?.save();
      disposed = true;
      for (const cancel of [cancelLinger, cancelDue, cancelRest, stopSignals]) cancel?.();
      place?.release();
      looks?.close();
      tracker.dispose();
      emitter.clear();
    },
    ...commands,
    monotonicNow: environment.monotonicNow,
  };
}

const CUT_SHORT: Loss = {
  advice: 'retry',
  error: { code: 'CONNECTION_LOST', message: 'The server ended the subscription.' },
};
const lossOf = (error: unknown): Loss => (error instanceof OperationError ? error.loss : CUT_SHORT);
