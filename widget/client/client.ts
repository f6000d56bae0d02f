/**
 * Follows one project: the client that elements, hooks and terminals stand on. Puts together what the connection, the
 * watch and the tracker say, and tells it as snapshots and events.
 */
import { ReadProgressDocument, type ReadProgressQuery } from '../generated/operations.js';
import { LOST, lossIn } from './retry-policy.js';
import { createCommands } from './job-commands.js';
import { asConnection } from './connection.js';
import { sharedConnection } from './connection-pool.js';
import { callHost, createEmitter } from './emitter.js';
import type { Line, Place } from './channel.js';
import { createMemory } from './snapshot-cache.js';
import { DEFAULTS, checkIds } from './options.js';
import { present, sameConnection } from './connection-state.js';
import type { NamedEvent } from './progress-events.js';
import { hasEnded } from './reduce-progress.js';
import { createTimers } from './timers.js';
import { createTracker } from './tracker.js';
import type { Answer } from './transport.js';
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
 * import { createIngestionClient } from '@ingestion-progress/widget/client';
 *
 * const client = createIngestionClient({ projectId: 'p1', endpoint: '/graphql', getToken });
 * const stop = client.subscribe(() => console.log(client.getSnapshot().progress));
 */
export function createIngestionClient(options: IngestionClientOptions): IngestionClient {
  const { projectId, ingestionId = null, remember = DEFAULTS.remember, onWarning } = options;
  const connection = options.connection ? asConnection(options.connection) : sharedConnection(options);
  const { environment, settings } = connection;
  const problem = checkIds(options) ?? connection.problem;
  const target = { projectId, ingestionId, follow: options.follow ?? DEFAULTS.follow };
  const stays = target.follow && ingestionId === null;
  const memoryKey = ingestionId === null ? projectId : `${projectId} ${ingestionId}`;
  const memory =
    remember === 'none' ? null : createMemory(environment, connection.endpoint, remember === 'session');

  const emitter = createEmitter<ClientEvents>(listen);
  const timers = createTimers(environment);
  const tracker = createTracker({
    named: ingestionId !== null,
    tell: update,
    readIngestion: async (id) => {
      const data = await connection
        .request({ query: ReadProgressDocument, variables: { projectId, ingestionId: id } })
        .catch((error: unknown) => {
          warn('ENDING_UNKNOWN', `The ending of ingestion ${id} could not be read: ${String(error)}`);
        });
      return readProgress((data as ReadProgressQuery | null | undefined)?.progress) ?? null;
    },
  });
  const warned = new Set<string>();
  function warn(code: string, message: string): void {
    if (warned.has(code) || disposed) return;
    warned.add(code);
    if (onWarning) callHost(() => onWarning({ code, message }));
    emitter.emit('warning', { code, message });
  }

  let disposed = false;
  let watch: WatchState = problem === null ? { name: 'idle' } : { name: 'error', error: problem };
  let stopSignals: (() => void) | null = null;
  let lookout: Line | null = null;
  let snapshot = take(null);
  const place: Place = { target, answer, changed: update };

  /** The first listener opens, the last one closes after a while. */
  function listen(size: number): void {
    if (disposed) return;
    timers.end(listen);
    if (size === 0) {
      timers.set(listen, DEFAULTS.lingerMs, () => {
        stopSignals?.();
        stopSignals = null;
        step({ type: 'leave' });
      });
      return;
    }
    stopSignals ??= environment.onSignal((signal) => {
      if (signal === 'leave') memory?.save();
      else if (signal === 'wake' && watch.name === 'resting') look();
    });
    step({ type: 'listen' });
  }

  function step(event: WatchEvent): void {
    move(event);
    update();
  }
  function move(event: WatchEvent): void {
    if (disposed) return;
    const before = watch;
    watch = follow(before, event, connection.turn());
    if (watch !== before) enact(before);
  }

  /** Makes true what the watch's state says. */
  function enact(before: WatchState): void {
    const { name } = watch;
    const resting = name === 'resting';
    timers.set(enact, 'dueAt' in watch ? watch.dueAt - environment.monotonicNow() : null, () => {
      if (resting) look();
      else step({ type: 'retryDue' });
    });
    if ('attempt' in watch) connection.join(place, name === 'waiting' || name === 'live');
    else {
      connection.leave(place);
      timers.end(settle);
    }
    if (name === 'refreshing' && before.name !== name) {
      connection.life.renew().then(() => step({ type: 'renewed' }), failed);
    }
    if (!resting) {
      lookout?.close();
      lookout = null;
    }
    if (name === 'unauthorized') memory?.forget(watch.error.code === 'FORBIDDEN' ? memoryKey : null);
    if (name === 'idle' || name === 'disconnected') memory?.save();
  }
  const failed = (error: unknown): void => step({ type: 'failed', loss: lossIn(error) });

  function answer(heard: Answer): void {
    const resting = watch.name === 'resting';
    if (heard.type === 'failed') return step(heard);
    if (heard.type === 'complete') {
      return step(hasSettled() && !stays ? { type: 'ended' } : { type: 'failed', loss: LOST });
    }
    if (heard.serverTime !== null) connection.life.note(heard.serverTime);
    const events = hear(heard);
    move({ type: resting && !hasSettled() ? 'stirred' : 'answered' });
    update(events);
    settle();
  }
  function hear(heard: Extract<Answer, { serverTime: unknown }>): readonly NamedEvent[] {
    if (heard.type === 'unchanged') return tracker.confirm();
    const progress = readProgress(heard.progress);
    if (progress === undefined) {
      warn('DATA_INVALID', 'The server sent a state that cannot be one; it was ignored.');
      return [];
    }
    const events = tracker.hear(progress);
    if (tracker.progress !== null) memory?.keep(connection.subject(), memoryKey, tracker.progress);
    return events;
  }
  const hasSettled = (): boolean => tracker.progress !== null && hasEnded(tracker.progress);
  /** After an ending: nobody follows, or the place is given back in a while. */
  function settle(): void {
    if (!('attempt' in watch)) return;
    if (!hasSettled() || tracker.knowledge !== 'confirmed') timers.end(settle);
    else if (!stays) {
      memory?.save();
      step({ type: 'ended' });
    } else if (!timers.has(settle)) {
      timers.set(settle, settings.restAfterMs, () => step({ type: 'restDue' }));
    }
  }

  /** One look for the next ingestion, while resting. */
  function look(): void {
    lookout ??= connection.lookout(place, (loss) => step({ type: 'failed', loss }));
    void lookout.open(false).then((session) => session?.check());
  }

  function recall(): void {
    const known = tracker.knowledge === 'none' && memory?.recall(connection.subject(), memoryKey);
    if (known) tracker.remember(known);
  }
  /** What may be drawn now, the connection as it was where nothing of it changed. */
  function take(previous: Snapshot['connection'] | null): Snapshot {
    recall();
    const { progress, knowledge } = tracker;
    const { state: machine, life } = connection;
    const { scopes, clock } = life;
    const now = present(machine, watch, settings.maxAttempts, knowledge === 'confirmed');
    return {
      connection: previous && sameConnection(previous, now) ? previous : now,
      progress,
      knowledge,
      isDegraded: now.state === 'polling',
      isOffline: now.state === 'offline',
      scopes,
      serverTime: clock?.serverTime ?? null,
      receivedAt: clock?.receivedAt ?? null,
    };
  }
  /** Tells what changed, and what happened; whoever hears of it finds it in the snapshot already. */
  function update(events: readonly NamedEvent[] = []): void {
    if (disposed) return;
    const before = snapshot;
    const previous = before.connection;
    const next = take(previous);
    const changed = (Object.keys(next) as (keyof Snapshot)[]).some((name) => next[name] !== before[name]);
    if (changed) snapshot = next;
    for (const { name, event } of events) emitter.emit(name, event);
    if (!changed) return;
    const now = next.connection;
    if (now !== previous) {
      if (now.state === 'unauthorized' && watch.name !== now.state) memory?.forget(null);
      emitter.emit('connection-change', { connection: now, previous });
    }
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
      if ('attempt' in watch) connection.reconnect();
    },
    disconnect() {
      if (problem === null) step({ type: 'disconnect' });
    },
    dispose() {
      move({ type: 'leave' });
      disposed = true;
      timers.endAll();
      stopSignals?.();
      emitter.clear();
    },
    ...createCommands(
      connection,
      () => ({ projectId, ingestionId: tracker.progress?.id ?? null }),
      // The place may have been given back: whoever asked for another go wants to see it.
      () => step({ type: 'stirred' }),
    ),
    monotonicNow: environment.monotonicNow,
  };
}
