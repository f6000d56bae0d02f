/**
 * One connection to one server with one source of tokens, shared by everyone who watches over it: runs the machine's
 * effects, hands answers to the watches, keeps the token fresh. What to do is decided in machine.ts.
 */
import { ReadViewerDocument, RefreshTokenDocument } from '../generated/operations.js';
import { pageEnvironment, type Environment } from './environment.js';
import { transition } from './machine.js';
import type { Effect, MachineEvent, MachineState, TimerName } from './machine-state.js';
import { readAddresses, readSettings, type Settings } from './options.js';
import { createPollingTransport } from './polling-transport.js';
import { createSessions, lossOf, type Place } from './sessions.js';
import { createTokenSource } from './token-source.js';
import type {
  Answer,
  Loss,
  Operation,
  TokenLifetime,
  Transport,
  TransportSession,
  WatchTarget,
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

/** Share of a token's life after which it is renewed. */
const RENEW_AFTER = 0.8;
/** With less left than this, the server's own close is waited for. */
const LEAST_RENEWAL_MS = 500;

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
  let scopes: readonly string[] | null = null;
  let serverClock: Connection['serverClock'] = null;
  const places = new Set<Place>();
  const timers = new Map<TimerName | 'renew', () => void>();
  let stopSignals: (() => void) | null = null;
  let viewerAsked = false;
  const sessions = createSessions({
    webSocket,
    polling,
    tokens,
    places,
    problem,
    dispatch,
    acknowledged,
    identified: tell,
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
    if (state.name === 'polling' && scopes === null && !viewerAsked) void askViewer();
    for (const place of [...places]) place.changed();
  }

  function run(effect: Effect): void {
    if (effect.type === 'open') void sessions.openSocket(effect.forced);
    else if (effect.type === 'close') {
      setTimer('renew', null);
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
  function setTimer(
    name: TimerName | 'renew',
    delayMs: number | null,
    callback = (): void => undefined,
  ): void {
    timers.get(name)?.();
    timers.delete(name);
    // Longer than this, setTimeout would not wait at all.
    const longest = 2 ** 31 - 1;
    if (delayMs !== null)
      timers.set(name, environment.setTimer(Math.min(longest, Math.max(0, delayMs)), callback));
  }

  function note(serverTime: number): void {
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
    setTimer('renew', delayMs < LEAST_RENEWAL_MS ? null : delayMs, () => {
      renew().catch(() => {
        renewAfter(leftMs - delayMs, 0.5);
      });
    });
  }
  async function renew(): Promise<void> {
    const token = await tokens.get(true);
    const session = sessions.socket;
    if (state.name === 'polling') return askViewer();
    if (session === null || state.name !== 'connected') return;
    const data = await session.request({ query: RefreshTokenDocument.toString(), variables: { token } });
    if (session === sessions.socket) acknowledged(readLifetime(fieldOf(data, 'refreshToken')));
  }
  /** What the ack tells a socket, a poller has to ask for. */
  async function askViewer(): Promise<void> {
    viewerAsked = true;
    try {
      const data = await request({ query: ReadViewerDocument.toString(), variables: {} });
      if (state.name === 'polling') acknowledged(readLifetime(fieldOf(data, 'viewer')));
    } catch {
      // The polls tell by themselves what is wrong; the scopes stay unknown until the next connection.
      viewerAsked = false;
    }
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
    setTimer('renew', null);
    stopSignals?.();
    stopSignals = null;
    viewerAsked = false;
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
      const place: Place = {
        target,
        answer: (heard) => {
          if ('serverTime' in heard && heard.serverTime !== null) note(heard.serverTime);
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
        await renew();
        return request(operation);
      }
    },
    dispose() {
      for (const place of [...places]) leave(place);
    },
  };
}

const fieldOf = (data: unknown, name: string): unknown =>
  (data as Readonly<Record<string, unknown>> | null | undefined)?.[name];
