/**
 * One connection to one server with one source of tokens, shared by everyone who watches over it: runs the machine's
 * effects, hands answers to the watches, keeps the token fresh. What to do is decided in machine.ts.
 */
import { RefreshTokenDocument } from '@ingestion-progress/schema/operations';
import { createEnvironment, type Environment } from './environment.js';
import { transition } from './machine.js';
import type { Effect, MachineEvent, MachineState, TimerName } from './machine-state.js';
import { readAddresses, readSettings, type Settings } from './options.js';
import { createPollingTransport } from './polling-transport.js';
import { createTokenSource } from './token-source.js';
import {
  OperationError,
  type Answer,
  type Loss,
  type Operation,
  type TokenLifetime,
  type Transport,
  type TransportSession,
  type WatchTarget,
} from './transport.js';
import type { ConnectionError, ConnectionOptions, IngestionConnection } from './types.js';
import { createWebSocketTransport } from './websocket-transport.js';
import { readLifetime } from './wire.js';

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
  readonly serverClock: { readonly serverTime: number; readonly receivedAt: number } | null;
  /** Whether another token can be had. */
  readonly renewable: boolean;
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

interface Place {
  readonly target: WatchTarget;
  readonly listener: WatchListener;
  active: boolean;
  unwatchSocket: (() => void) | null;
  unwatchPolls: (() => void) | null;
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

/** Share of a token's life after which it is renewed. */
const RENEW_AFTER = 0.8;

/** Makes a connection; nothing is opened before somebody joins. Throws `RangeError` at options that contradict sense. */
export function createConnection(options: ConnectionOptions = {}, parts: ConnectionParts = {}): Connection {
  const environment = parts.environment ?? createEnvironment();
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
  let scopes: readonly string[] | null = null;
  let serverClock: Connection['serverClock'] = null;
  const places = new Set<Place>();
  const timers = new Map<TimerName | 'renew', () => void>();
  let stopSignals: (() => void) | null = null;
  let socket: TransportSession | null = null;
  let socketNumber = 0;
  let polls: { readonly token: string | null; readonly session: TransportSession } | null = null;
  let pollNumber = 0;

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
    for (const place of [...places]) place.listener.changed();
  }

  function run(effect: Effect): void {
    if (effect.type === 'open') void openSocket(effect.forced);
    else if (effect.type === 'close') closeSocket();
    else if (effect.type === 'poll') void poll();
    else if (effect.type === 'abandonPoll') closePolls();
    else if (effect.type === 'check') socket?.check();
    else if (effect.type === 'timer') {
      const due = effect.at === null ? null : effect.at - environment.monotonicNow();
      const { timer } = effect;
      setTimer(timer, due, () => {
        dispatch({ type: TIMER_EVENTS[timer] });
      });
    }
  }
  function setTimer(name: TimerName | 'renew', delayMs: number | null, callback: () => void): void {
    timers.get(name)?.();
    timers.delete(name);
    if (delayMs === null) return;
    const longest = 2 ** 31 - 1;
    timers.set(name, environment.setTimer(Math.min(longest, Math.max(0, delayMs)), callback));
  }

  const lossOf = (error: unknown): Loss =>
    error instanceof OperationError
      ? error.loss
      : { advice: 'retry', error: { code: 'CONNECTION_LOST', message: String(error) } };
  /** Where there is only one token, a new one cannot be asked for. */
  const possible = (loss: Loss): Loss =>
    loss.advice === 'refresh' && !tokens.renewable ? { ...loss, advice: 'refuse' } : loss;

  async function openSocket(forced: boolean): Promise<void> {
    const mine = ++socketNumber;
    const current = (): boolean => mine === socketNumber;
    const onLost = (loss: Loss): void => {
      if (!current()) return;
      closeSocket();
      dispatch({ type: 'lost', ...possible(loss) });
    };
    if (problem !== null) {
      onLost({ advice: 'giveUp', error: problem });
      return;
    }
    try {
      const token = await tokens.get(forced);
      if (!current()) return;
      socket = webSocket.open(token, {
        acknowledged: (lifetime) => {
          if (current()) acknowledged(lifetime);
        },
        answered: () => {
          if (current()) dispatch({ type: 'data' });
        },
        alive: () => {
          if (current() && state.name === 'offline') dispatch({ type: 'alive' });
        },
        lost: onLost,
      });
      tell();
      for (const place of places) attach(place);
    } catch (error) {
      onLost(lossOf(error));
    }
  }
  function closeSocket(): void {
    socketNumber += 1;
    setTimer('renew', null, () => undefined);
    for (const place of places) place.unwatchSocket = null;
    socket?.close();
    socket = null;
  }

  async function poll(): Promise<void> {
    const mine = ++pollNumber;
    const current = (): boolean => mine === pollNumber;
    if (problem !== null) {
      dispatch({ type: 'lost', advice: 'giveUp', error: problem });
      return;
    }
    try {
      const token = await tokens.get(false);
      if (!current()) return;
      if (polls?.token !== token) {
        closePolls();
        const session: TransportSession = polling.open(token, {
          acknowledged,
          answered: () => {
            if (polls?.session === session) dispatch({ type: 'polled' });
          },
          alive: () => undefined,
          lost: ({ error }) => {
            if (polls?.session === session) dispatch({ type: 'pollFailed', error });
          },
        });
        polls = { token, session };
        tell();
      }
      for (const place of places) attach(place);
      polls?.session.check();
    } catch (error) {
      if (current()) dispatch({ type: 'pollFailed', error: lossOf(error).error });
    }
  }
  function closePolls(): void {
    pollNumber += 1;
    for (const place of places) place.unwatchPolls = null;
    polls?.session.close();
    polls = null;
  }

  /** Begins or ends the place's watches, as it wants. */
  function attach(place: Place): void {
    const { target, listener } = place;
    const answer = (heard: Answer): void => {
      if ('serverTime' in heard) note(heard.serverTime);
      listener.answer(heard.type === 'failed' ? { ...heard, loss: possible(heard.loss) } : heard);
    };
    if (place.active) {
      place.unwatchSocket ??= socket?.watch(target, answer) ?? null;
      place.unwatchPolls ??= polls?.session.watch(target, answer) ?? null;
      return;
    }
    place.unwatchSocket?.();
    place.unwatchPolls?.();
    place.unwatchSocket = place.unwatchPolls = null;
  }

  function note(serverTime: number | null): void {
    if (serverTime === null) return;
    const receivedAt = environment.monotonicNow();
    // Messages are stamped when something happened, which may be a while ago: time only goes on.
    const known =
      serverClock === null ? -Infinity : serverClock.serverTime + receivedAt - serverClock.receivedAt;
    if (serverTime > known) serverClock = { serverTime, receivedAt };
  }
  function acknowledged(lifetime: TokenLifetime): void {
    const { expiresAt, serverTime } = lifetime;
    scopes = lifetime.scopes;
    if (serverTime !== null) serverClock = { serverTime, receivedAt: environment.monotonicNow() };
    if (expiresAt !== null && serverTime !== null && tokens.renewable)
      renewAfter(expiresAt - serverTime, RENEW_AFTER);
    tell();
  }
  /** Renews when a share of what is left has passed; where that fails, half of the rest is waited for, and so on. */
  function renewAfter(leftMs: number, share: number): void {
    const delayMs = leftMs * share;
    setTimer('renew', delayMs < 500 ? null : delayMs, () => {
      renew().catch(() => {
        renewAfter(leftMs - delayMs, 0.5);
      });
    });
  }
  async function renew(): Promise<void> {
    const token = await tokens.get(true);
    const session = socket;
    if (session === null || token === null || state.name !== 'connected') return;
    const data = await session.request({ query: RefreshTokenDocument.toString(), variables: { token } });
    if (session === socket)
      acknowledged(readLifetime((data as { refreshToken?: unknown } | null)?.refreshToken));
  }

  async function request(operation: Operation): Promise<unknown> {
    if (socket !== null && state.name === 'connected') return socket.request(operation);
    return polling.open(await tokens.get(false), SILENT).request(operation);
  }

  function leave(place: Place): void {
    if (!places.delete(place)) return;
    place.active = false;
    attach(place);
    if (places.size > 0) return;
    dispatch({ type: 'stop' });
    stopSignals?.();
    stopSignals = null;
    tokens.dispose();
  }

  return {
    environment,
    settings,
    endpoint: httpUrl,
    problem,
    renewable: tokens.renewable,
    get state() {
      return state;
    },
    get scopes() {
      return scopes;
    },
    get serverClock() {
      return serverClock;
    },
    subject: tokens.subject,
    renew,
    reconnect() {
      dispatch({ type: 'reconnect' });
    },
    join(target, listener) {
      const place: Place = { target, listener, active: false, unwatchSocket: null, unwatchPolls: null };
      places.add(place);
      stopSignals ??= environment.onSignal((signal) => {
        if (signal !== 'leave') dispatch({ type: signal });
      });
      dispatch({ type: 'start' });
      return {
        setActive(active) {
          if (!places.has(place) || place.active === active) return;
          place.active = active;
          attach(place);
          if (active && polls !== null) dispatch({ type: 'pollDue' });
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
        if (possible(lossOf(error)).advice !== 'refresh') throw error;
        await renew();
        return request(operation);
      }
    },
    dispose() {
      for (const place of [...places]) leave(place);
    },
  };
}
