/**
 * One connection to one server with one source of tokens, shared by everyone who watches over it: runs the machine's
 * effects, hands answers to the watches, keeps the token fresh. What to do is decided in machine.ts.
 */
import { pageEnvironment, type Environment } from './environment.js';
import { transition } from './machine.js';
import type { Effect, MachineEvent, MachineState, TimerName } from './machine-state.js';
import { readAddresses, readSettings, type Settings } from './options.js';
import { createPollingTransport } from './polling-transport.js';
import { createSessions, lossOf, type Place } from './sessions.js';
import { createTokenLife, type ServerClock } from './token-life.js';
import { createTokenSource } from './token-source.js';
import type { Answer, Loss, Operation, Transport, TransportSession, WatchTarget } from './transport.js';
import type { ConnectionError, ConnectionOptions, IngestionConnection } from './types.js';
import { createWebSocketTransport } from './websocket-transport.js';

/** What a watch is told. */
export interface WatchListener {
  answer(answer: Answer): void;
  /** The connection's state, scopes or server time are new. */
  changed(): void;
}

/** A place on the connection. */
export interface Watch {
  /** Begins or ends asking the server; the place is kept. */
  setActive(active: boolean): void;
  release(): void;
}

/** The connection, for the clients made with it. */
export interface Connection extends IngestionConnection {
  readonly environment: Environment;
  readonly settings: Settings;
  readonly state: MachineState;
  /** What is wrong with the addresses; null where nothing is. */
  readonly problem: ConnectionError | null;
  readonly scopes: readonly string[] | null;
  /** The server's time, and when it was taken on the monotonic clock. */
  readonly serverClock: ServerClock | null;
  join(target: WatchTarget, listener: WatchListener): Watch;
  reconnect(): void;
  /** The `sub` of the token in use, once there is one. */
  subject(): string | null;
  /** Asks for another token, and puts it on the open socket. */
  renew(): Promise<void>;
  /** Over the socket where it is live, else over HTTP. */
  request(operation: Operation): Promise<unknown>;
  /** A session of polls beside the connection's own, for who has given its place back. */
  openPolls(
    answer: (answer: Answer) => void,
    target: WatchTarget,
    lost: (loss: Loss) => void,
  ): Promise<TransportSession>;
}

/** The inside of a connection that a host hands over. */
export function asConnection(connection: IngestionConnection): Connection {
  if (!('join' in connection)) throw new TypeError('connection must come from createConnection.');
  return connection as Connection;
}

/** What a test or a story brings of its own. */
export interface ConnectionParts {
  readonly environment?: Environment;
  readonly webSocketTransport?: Transport;
  readonly pollingTransport?: Transport;
}

const TIMER_EVENTS = {
  retry: 'retryDue',
  fallback: 'fallbackDue',
  healthy: 'healthyDue',
  poll: 'pollDue',
} as const;

const SILENT = {
  acknowledged: () => undefined,
  answered: () => undefined,
  alive: () => undefined,
  lost: () => undefined,
};

/** Makes a connection; nothing is opened before somebody joins. Throws `RangeError` at options that contradict sense. */
export function createConnection(options: ConnectionOptions = {}, parts: ConnectionParts = {}): Connection {
  const environment = parts.environment ?? pageEnvironment();
  const addresses = readAddresses(options, environment);
  const problem: ConnectionError | null = addresses.error;
  const httpUrl = addresses.error === null ? addresses.httpUrl : (options.endpoint ?? '');
  const wsUrl = addresses.error === null ? addresses.wsUrl : '';
  let settings = readSettings(options);
  if (settings.transport === 'auto' && environment.webSocket === null && !parts.webSocketTransport) {
    settings = { ...settings, transport: 'polling' };
  }
  const webSocket =
    parts.webSocketTransport ?? createWebSocketTransport({ ...settings, environment, url: wsUrl });
  const polling =
    parts.pollingTransport ?? createPollingTransport({ ...settings, environment, url: httpUrl });
  const tokens = createTokenSource({
    environment,
    token: options.token,
    getToken: options.getToken,
    timeoutMs: settings.tokenTimeoutMs,
  });

  let state: MachineState = { name: 'idle' };
  const places = new Set<Place>();
  const timers = new Map<TimerName, () => void>();
  let stopSignals: (() => void) | null = null;
  const sessions = createSessions({
    webSocket,
    polling,
    tokens,
    places,
    problem,
    dispatch,
    acknowledged: (lifetime) => {
      life.acknowledged(lifetime);
    },
    identified: tell,
  });
  const life = createTokenLife({
    environment,
    tokens,
    liveSocket: () => (state.name === 'connected' ? sessions.socket : null),
    isPolling: () => state.name === 'polling',
    request,
    changed: tell,
  });

  const queue: MachineEvent[] = [];
  let running = false;
  function dispatch(event: MachineEvent): void {
    queue.push(event);
    if (running) return;
    running = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const before = state;
      const moment = {
        now: environment.monotonicNow(),
        random: environment.random(),
        online: environment.isOnline(),
        visible: environment.isVisible(),
      };
      const [after, effects] = transition(before, next, moment, settings);
      state = after;
      for (const effect of effects) run(effect);
      if (after !== before) tell();
    }
    running = false;
  }
  function tell(): void {
    if (state.name === 'polling' && life.scopes === null) life.askOnce();
    for (const place of [...places]) place.changed();
  }

  function run(effect: Effect): void {
    if (effect.type === 'open') void sessions.openSocket(effect.forced);
    else if (effect.type === 'close') {
      life.pause();
      sessions.closeSocket();
    } else if (effect.type === 'poll') void sessions.poll();
    else if (effect.type === 'abandonPoll') sessions.closePolls();
    else if (effect.type === 'check') sessions.socket?.check();
    else if (effect.type === 'timer') {
      const { timer, at } = effect;
      setTimer(timer, at === null ? null : at - environment.monotonicNow(), () => {
        dispatch({ type: TIMER_EVENTS[timer] });
      });
    }
  }
  function setTimer(name: TimerName, delayMs: number | null, callback: () => void): void {
    timers.get(name)?.();
    timers.delete(name);
    if (delayMs !== null) timers.set(name, environment.setTimer(Math.max(0, delayMs), callback));
  }

  async function request(operation: Operation): Promise<unknown> {
    const { socket } = sessions;
    if (socket !== null && state.name === 'connected') return socket.request(operation);
    return polling.open(await tokens.get(false), SILENT).request(operation);
  }

  function leave(place: Place): void {
    if (!places.delete(place)) return;
    place.active = false;
    sessions.attach(place);
    if (places.size > 0) return;
    dispatch({ type: 'stop' });
    life.reset();
    stopSignals?.();
    stopSignals = null;
    tokens.dispose();
  }

  return {
    environment,
    settings,
    endpoint: httpUrl,
    problem,
    get state() {
      return state;
    },
    get scopes() {
      return life.scopes;
    },
    get serverClock() {
      return life.clock;
    },
    subject: tokens.subject,
    renew: life.renew,
    reconnect() {
      dispatch({ type: 'reconnect' });
    },
    join(target, listener) {
      const place: Place = {
        target,
        answer: (heard) => {
          if ('serverTime' in heard && heard.serverTime !== null) life.note(heard.serverTime);
          listener.answer(heard);
        },
        changed: () => {
          listener.changed();
        },
        active: false,
        onSocket: null,
        onPolls: null,
      };
      places.add(place);
      stopSignals ??= environment.onSignal((signal) => {
        if (signal !== 'leave') dispatch({ type: signal });
      });
      dispatch({ type: 'start' });
      return {
        setActive(active) {
          if (!places.has(place) || place.active === active) return;
          place.active = active;
          sessions.attach(place);
          if (active && sessions.polls !== null) dispatch({ type: 'pollDue' });
        },
        release() {
          leave(place);
        },
      };
    },
    async openPolls(answer, target, lost) {
      const session = polling.open(await tokens.get(false), { ...SILENT, lost });
      session.watch(target, answer);
      return session;
    },
    async request(operation) {
      try {
        return await request(operation);
      } catch (error) {
        if (lossOf(error).advice !== 'refresh' || !tokens.renewable) throw error;
        await life.renew();
        return request(operation);
      }
    },
    dispose() {
      for (const place of [...places]) leave(place);
    },
  };
}
