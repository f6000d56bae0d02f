/**
 * One connection to one server with one source of tokens, shared by all its subscribers: runs the state machine's effects,
 * passes messages to the subscribers and keeps the token fresh. Decisions are made in connection-machine.ts.
 */
import { toFailure } from './retry-policy.js';
import { pageEnvironment, type Environment } from './environment.js';
import { createChannel, type Channel, type Subscriber } from './channel.js';
import { transition } from './connection-machine.js';
import {
  TIMERS,
  type Effect,
  type MachineEvent,
  type MachineState,
  type EnvironmentState,
} from './connection-machine-state.js';
import { readAddresses, readSettings, type Settings } from './options.js';
import { createPollingTransport } from './polling-transport.js';
import { createTimers } from './timers.js';
import { createTokenRefresher, type TokenRefresher } from './token-refresher.js';
import { createTokenSource } from './token-source.js';
import type { Failure, Operation, Transport } from './transport.js';
import type { ConnectionError, ConnectionOptions, IngestionConnection } from './types.js';
import { createWebSocketTransport } from './websocket-transport.js';

/** The connection as its clients see it. */
export interface Connection extends IngestionConnection {
  readonly environment: Environment;
  readonly settings: Settings;
  readonly state: MachineState;
  /** Why the addresses are invalid; null if they are valid. */
  readonly configError: ConnectionError | null;
  /** The token's lifetime and scopes, and the server's clock. */
  readonly refresher: TokenRefresher;
  /** The input of a state machine's step, as of now. */
  context(): EnvironmentState & Settings;
  /** Adds a subscriber, or updates it; `active`: whether it is to be watched now. */
  join(subscriber: Subscriber, active: boolean): void;
  leave(subscriber: Subscriber): void;
  reconnect(): void;
  /** The `sub` of the current token; null before the first token. */
  subject(): string | null;
  /** Runs an operation over the socket if it is live, else over HTTP. */
  request(operation: Operation): Promise<unknown>;
  /** Makes a separate polling channel, for a subscriber that has left. */
  poller(subscriber: Subscriber, onFailure: (failure: Failure) => void): Channel;
}

/** The internals of a connection that the host passes in. */
export function asConnection(connection: IngestionConnection): Connection {
  if (!('join' in connection)) throw new TypeError('connection must come from createConnection.');
  return connection as Connection;
}

/** Replacements for tests and stories. */
export interface ConnectionParts {
  readonly environment?: Environment;
  readonly webSocketTransport?: Transport;
  readonly pollingTransport?: Transport;
}

/** Makes a connection; it opens with its first subscriber. Throws `RangeError` on invalid options. */
export function createConnection(options: ConnectionOptions = {}, parts: ConnectionParts = {}): Connection {
  const environment = parts.environment ?? pageEnvironment();
  const { httpUrl, wsUrl, error: configError } = readAddresses(options, environment);
  const configured = readSettings(options);
  const hasWebSocket = environment.webSocket !== null || parts.webSocketTransport !== undefined;
  const settings: Settings =
    configured.transport === 'auto' && !hasWebSocket ? { ...configured, transport: 'polling' } : configured;
  const transportOptions = { ...settings, environment };
  const polling = parts.pollingTransport ?? createPollingTransport({ ...transportOptions, url: httpUrl });
  const tokens = createTokenSource({
    ...options,
    environment,
    timeoutMs: settings.tokenTimeoutMs,
    serverNow: () => refresher.serverNow(),
  });

  let state: MachineState = { name: 'idle' };
  const subscribers = new Map<Subscriber, boolean>();
  const timers = createTimers(environment);
  let stopSignals: (() => void) | null = null;
  const refresher = createTokenRefresher({
    environment,
    tokens,
    activeTransport: () => (state.name === 'connected' || state.name === 'polling' ? state.name : null),
    request,
    onChange: notify,
  });
  const shared = { tokens, subscribers, onToken: notify };
  const socketChannel = createChannel({
    ...shared,
    transport: parts.webSocketTransport ?? createWebSocketTransport({ ...transportOptions, url: wsUrl }),
    listener: {
      onAcknowledged: refresher.acknowledged,
      onData: () => dispatch({ type: 'data' }),
      onAlive: () => dispatch({ type: 'alive' }),
      onFailure(failure) {
        socketChannel.close();
        dispatch({ type: 'lost', ...failure });
      },
    },
  });
  const pollChannel = createChannel({
    ...shared,
    transport: polling,
    listener: {
      onData: () => dispatch({ type: 'polled' }),
      onFailure: (failure) =>
        dispatch(
          failure.policy === 'fatal'
            ? { type: 'lost', ...failure }
            : { type: 'pollFailed', error: failure.error },
        ),
    },
  });
  const effects: Readonly<Record<Effect, () => void>> = {
    open: () => void socketChannel.open(false),
    openFresh: () => void socketChannel.open(true),
    close() {
      refresher.pause();
      socketChannel.close();
    },
    poll: () => void pollChannel.open(false).then((session) => session?.check()),
    cancelPoll: pollChannel.close,
    check: () => socketChannel.session?.check(),
  };

  const context = (): EnvironmentState & Settings => ({
    ...settings,
    now: environment.monotonicNow(),
    random: environment.random(),
    online: environment.isOnline(),
    visible: environment.isVisible(),
  });
  const queue: MachineEvent[] = [];
  let isDispatching = false;
  function dispatch(event: MachineEvent): void {
    queue.push(event);
    if (isDispatching) return;
    isDispatching = true;
    for (let next = queue.shift(); next; next = queue.shift()) {
      const before = state;
      const [after, dueEffects] = transition(before, next, context());
      state = after;
      for (const timer of TIMERS) {
        const at = dueAt(after, timer);
        if (at !== dueAt(before, timer)) {
          timers.set(timer, at === null ? null : at - environment.monotonicNow(), () => {
            dispatch({ type: `${timer}Due` });
          });
        }
      }
      for (const effect of dueEffects) effects[effect]();
      if (after !== before) notify();
    }
    isDispatching = false;
  }
  function notify(): void {
    if (state.name === 'polling') refresher.fetchOnce();
    for (const subscriber of [...subscribers.keys()]) subscriber.onChange();
  }

  async function request(operation: Operation): Promise<unknown> {
    const session =
      (state.name === 'connected' && socketChannel.session) ||
      polling.open(await tokens.getToken({ force: false }), { onFailure: () => undefined });
    return session.request(operation);
  }
  function leave(subscriber: Subscriber): void {
    if (!subscribers.delete(subscriber)) return;
    attach(subscriber, false);
    if (subscribers.size > 0) return;
    dispatch({ type: 'stop' });
    refresher.reset();
    stopSignals?.();
    stopSignals = null;
    tokens.dispose();
  }
  function attach(subscriber: Subscriber, active: boolean): void {
    socketChannel.attach(subscriber, active);
    pollChannel.attach(subscriber, active);
  }

  return {
    environment,
    settings,
    endpoint: httpUrl,
    configError,
    get state() {
      return state;
    },
    refresher,
    context,
    subject: tokens.subject,
    reconnect: () => dispatch({ type: 'reconnect' }),
    join(subscriber, active) {
      const before = subscribers.get(subscriber);
      subscribers.set(subscriber, active);
      stopSignals ??= environment.onSignal((signal) => {
        if (signal !== 'hide') dispatch({ type: signal });
      });
      if (before === undefined) dispatch({ type: 'start' });
      if (active === (before ?? false)) return;
      attach(subscriber, active);
      if (active && pollChannel.session) dispatch({ type: 'pollDue' });
    },
    leave,
    poller: (subscriber, onFailure) =>
      createChannel({
        ...shared,
        transport: polling,
        subscribers: new Map([[subscriber, true]]),
        listener: { onFailure },
      }),
    request: (operation) =>
      request(operation).catch(async (error: unknown) => {
        if (toFailure(error).policy !== 'refresh' || !tokens.canRefresh) throw error;
        await refresher.refresh();
        return request(operation);
      }),
    dispose() {
      for (const subscriber of [...subscribers.keys()]) leave(subscriber);
    },
  };
}

const dueAt = (state: MachineState, timer: (typeof TIMERS)[number]): number | null =>
  'socketId' in state ? state[`${timer}At`] : null;
