/**
 * Follows one project: the client behind the element, the hooks and the terminal. Combines connection, watch and tracker into
 * snapshots and events.
 */
import { ReadProgressDocument, type ReadProgressQuery } from '../generated/operations.js';
import { CONNECTION_LOST, toFailure } from './retry-policy.js';
import { createJobCommands } from './job-commands.js';
import { asConnection } from './connection.js';
import { sharedConnection } from './connection-pool.js';
import { callHost, createEmitter } from './emitter.js';
import type { Channel, Subscriber } from './channel.js';
import { createSnapshotCache } from './snapshot-cache.js';
import { DEFAULTS, checkIds } from './options.js';
import type { Environment } from './environment.js';
import { toConnection, isSameConnection } from './connection-state.js';
import type { NamedEvent } from './progress-events.js';
import { hasEnded } from './reduce-progress.js';
import { createTimers } from './timers.js';
import { createTracker } from './tracker.js';
import type { Failure, ServerMessage } from './transport.js';
import type { IngestionClient, IngestionClientEvents, IngestionClientOptions, Snapshot } from './types.js';
import { outsideZones } from './zones.js';
import { transitionWatch, type WatchEvent, type WatchState } from './watch-machine.js';
import { readProgress } from './wire.js';

/** Projects that were asked for once over HTTP in this page load. */
const askedFirst = new WeakMap<Environment, Set<string>>();

type StateMessage = Extract<ServerMessage, { serverTime: unknown }>;

interface ClientEvents extends IngestionClientEvents {
  readonly change: null;
}

/**
 * Makes a client. Throws `RangeError` on an invalid option; an invalid endpoint or id is reported as the connection state
 * `error`, with a sentence that says how to fix it.
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
  const configError = checkIds(options) ?? connection.configError;
  const target = { projectId, ingestionId, follow: options.follow ?? DEFAULTS.follow };
  const keepsFollowing = target.follow && ingestionId === null;
  const cacheKey = ingestionId === null ? projectId : `${projectId} ${ingestionId}`;
  const cache =
    remember === 'none'
      ? null
      : createSnapshotCache(environment, connection.endpoint, remember === 'session');

  const emitter = createEmitter<ClientEvents>((size) => outsideZones(() => onListenerCount(size)));
  const timers = createTimers(environment);
  const tracker = createTracker({
    explicit: ingestionId !== null,
    emit: update,
    fetchIngestion: async (id) => {
      const data = await connection
        .request({ query: ReadProgressDocument, variables: { projectId, ingestionId: id } })
        .catch((error: unknown) => {
          warn('ENDING_UNKNOWN', `Cannot fetch ingestion ${id}: ${String(error)}`);
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
  let watch: WatchState = configError === null ? { name: 'idle' } : { name: 'error', error: configError };
  let stopSignals: (() => void) | null = null;
  let poller: Channel | null = null;
  let snapshot = buildSnapshot(null);
  const subscriber: Subscriber = {
    target,
    receive,
    onChange() {
      if (watch.name !== 'dormant' && !isOpening()) closePoller();
      update();
    },
  };
  /** The connection is `connecting` or `reconnecting`, and doesn't poll yet. */
  const isOpening = ({ state } = connection): boolean =>
    'polls' in state && state.polls === 'off' && state.name.endsWith('connecting');

  /** The first listener subscribes, the last one unsubscribes after a grace period. */
  function onListenerCount(size: number): void {
    if (disposed) return;
    timers.cancel(onListenerCount);
    if (size === 0) {
      timers.set(onListenerCount, DEFAULTS.gracePeriodMs, () => {
        stopSignals?.();
        stopSignals = null;
        dispatch({ type: 'leave' });
      });
      return;
    }
    stopSignals ??= environment.onSignal((signal) => {
      if (signal === 'hide') cache?.save();
      else if (signal === 'wake' && watch.name === 'dormant') pollOnce();
    });
    dispatch({ type: 'listen' });
    if (watch.name !== 'pending' || settings.transport !== 'auto' || timers.has(askFirst)) return;
    const delayMs = DEFAULTS.firstPollAfterMs + DEFAULTS.firstPollRangeMs * environment.random();
    if (tracker.knowledge === 'none') timers.set(askFirst, delayMs, askFirst);
  }
  /**
   * If the socket takes long and nothing is known, polls once. Neither a fallback nor an attempt: a failure is ignored, even
   * a 429 or 503 leads to no second request.
   */
  function askFirst(): void {
    const key = `${connection.endpoint} ${cacheKey}`;
    const asked = askedFirst.get(environment) ?? new Set();
    askedFirst.set(environment, asked);
    if (tracker.knowledge !== 'none' || !isOpening() || asked.has(key)) return;
    asked.add(key);
    const receiveFirst = (message: ServerMessage): void => {
      closePoller();
      if (message.type === 'state' && tracker.knowledge === 'none') takeState(message);
    };
    pollOnce({ ...subscriber, receive: receiveFirst }, closePoller);
  }

  function dispatch(event: WatchEvent): void {
    transition(event);
    update();
  }
  function transition(event: WatchEvent): void {
    if (disposed) return;
    const before = watch;
    watch = transitionWatch(before, event, connection.context());
    if (watch !== before) applyEffects(before);
  }

  /** Brings timers, subscription, poller and cache in line with the watch's state. */
  function applyEffects(before: WatchState): void {
    const { name } = watch;
    const isDormant = name === 'dormant';
    timers.set(applyEffects, 'dueAt' in watch ? watch.dueAt - environment.monotonicNow() : null, () => {
      if (isDormant) pollOnce();
      else dispatch({ type: 'retryDue' });
    });
    if ('attempt' in watch) connection.join(subscriber, name === 'pending' || name === 'live');
    else {
      connection.leave(subscriber);
      timers.cancel(handleEnding);
      timers.cancel(askFirst);
    }
    if (name === 'refreshing' && before.name !== name) {
      connection.refresher.refresh().then(() => dispatch({ type: 'tokenReady' }), onFailure);
    }
    if (!isDormant) closePoller();
    if (name === 'unauthorized') cache?.delete(watch.error.code === 'FORBIDDEN' ? cacheKey : null);
    if (name === 'idle' || name === 'disconnected') cache?.save();
  }
  function closePoller(): void {
    poller?.close();
    poller = null;
  }
  const onFailed = (failure: Failure): void => dispatch({ type: 'failed', failure });
  const onFailure = (error: unknown): void => onFailed(toFailure(error));

  function receive(message: ServerMessage): void {
    const isDormant = watch.name === 'dormant';
    if (message.type === 'failed') return dispatch(message);
    if (message.type === 'complete') {
      return dispatch(
        isEnded() && !keepsFollowing ? { type: 'ended' } : { type: 'failed', failure: CONNECTION_LOST },
      );
    }
    takeState(message, () => transition({ type: isDormant && !isEnded() ? 'woke' : 'data' }));
  }
  function takeState(message: StateMessage, onApplied?: () => void): void {
    if (message.serverTime !== null) connection.refresher.syncClock(message.serverTime);
    const events = applyMessage(message);
    onApplied?.();
    update(events);
    handleEnding();
  }
  function applyMessage(message: StateMessage): readonly NamedEvent[] {
    if (message.type === 'unchanged') return tracker.confirm();
    const progress = readProgress(message.progress);
    if (progress === undefined) {
      warn('DATA_INVALID', 'Ignoring invalid state from the server.');
      return [];
    }
    const events = tracker.apply(progress);
    if (tracker.progress !== null) cache?.set(connection.subject(), cacheKey, tracker.progress);
    return events;
  }
  const isEnded = (): boolean => tracker.progress !== null && hasEnded(tracker.progress);
  /** After an ending: completes, or becomes dormant after a while if the next ingestions are followed. */
  function handleEnding(): void {
    if (!('attempt' in watch)) return;
    if (!isEnded() || tracker.knowledge !== 'confirmed') timers.cancel(handleEnding);
    else if (!keepsFollowing) {
      cache?.save();
      dispatch({ type: 'ended' });
    } else if (!timers.has(handleEnding)) {
      timers.set(handleEnding, settings.dormantAfterMs, () => dispatch({ type: 'dormantDue' }));
    }
  }

  /** Polls once: for the next ingestion, while dormant, or for the first state. */
  function pollOnce(receiver = subscriber, whenFailed = onFailed): void {
    poller ??= connection.poller(receiver, whenFailed);
    void poller.open(false).then((session) => session?.check());
  }

  function restoreFromCache(): void {
    const cached = tracker.knowledge === 'none' && cache?.get(connection.subject(), cacheKey);
    if (cached) tracker.restore(cached);
  }
  /** The snapshot of this moment; keeps the connection's identity if it did not change. */
  function buildSnapshot(previous: Snapshot['connection'] | null): Snapshot {
    restoreFromCache();
    const { progress, knowledge } = tracker;
    const { state: machine, refresher } = connection;
    const { scopes, clock } = refresher;
    const current = toConnection(machine, watch, settings.maxAttempts, knowledge === 'confirmed');
    return {
      connection: previous && isSameConnection(previous, current) ? previous : current,
      progress,
      knowledge,
      isDegraded: current.state === 'polling',
      isOffline: current.state === 'offline',
      scopes,
      serverTime: clock?.serverTime ?? null,
      receivedAt: clock?.receivedAt ?? null,
    };
  }
  /** Updates the snapshot, then emits events and changes, so that listeners find them in the snapshot. */
  function update(events: readonly NamedEvent[] = []): void {
    if (disposed) return;
    const before = snapshot;
    const previous = before.connection;
    const next = buildSnapshot(previous);
    const changed = (Object.keys(next) as (keyof Snapshot)[]).some((name) => next[name] !== before[name]);
    if (changed) snapshot = next;
    for (const { name, event } of events) emitter.emit(name, event);
    if (!changed) return;
    const current = next.connection;
    if (current !== previous) {
      if (current.state === 'unauthorized' && watch.name !== current.state) cache?.delete(null);
      emitter.emit('connection-change', { connection: current, previous });
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
      if (disposed || configError !== null) return;
      outsideZones(() => {
        dispatch({ type: 'reconnect' });
        if ('attempt' in watch) connection.reconnect();
      });
    },
    disconnect() {
      if (configError === null) dispatch({ type: 'disconnect' });
    },
    dispose() {
      transition({ type: 'leave' });
      disposed = true;
      timers.cancelAll();
      stopSignals?.();
      emitter.clear();
    },
    ...createJobCommands(
      connection,
      () => ({ projectId, ingestionId: tracker.progress?.id ?? null }),
      // The client may be dormant: wake it, since the user wants to see the effect of the command.
      () => dispatch({ type: 'woke' }),
    ),
    monotonicNow: environment.monotonicNow,
  };
}
