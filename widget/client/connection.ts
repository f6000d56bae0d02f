/**
 * One connection to one server with one source of tokens, shared by everyone who watches over it: runs the machine's
 * effects, hands answers to the watches, keeps the token fresh. What to do is decided in machine.ts.
 */
import { lossIn } from './retry-policy.js';
import { pageEnvironment, type Environment } from './environment.js';
import { createLine, type Line, type Place } from './channel.js';
import { transition } from './connection-machine.js';
import { TIMERS, type Effect, type MachineEvent, type MachineState, type Moment } from './connection-machine-state.js';
import { readAddresses, readSettings, type Settings } from './options.js';
import { createPollingTransport } from './polling-transport.js';
import { createTimers } from './timers.js';
import { createTokenLife, type TokenLife } from './token-refresher.js';
import { createTokenSource } from './token-source.js';
import type { Loss, Operation, Transport } from './transport.js';
import type { ConnectionError, ConnectionOptions, IngestionConnection } from './types.js';
import { createWebSocketTransport } from './websocket-transport.js';

/** The connection, for the clients made with it. */
export interface Connection extends IngestionConnection {
  readonly environment: Environment;
  readonly settings: Settings;
  readonly state: MachineState;
  /** What is wrong with the addresses; null where nothing is. */
  readonly problem: ConnectionError | null;
  /** What the server says of the token in use, and of its own clock. */
  readonly life: TokenLife;
  /** The world and the rules, for a step that is to be decided now. */
  turn(): Moment & Settings;
  /** Takes a place, or keeps it; `active`: whether the server is to be asked. */
  join(place: Place, active: boolean): void;
  leave(place: Place): void;
  reconnect(): void;
  /** The `sub` of the token in use, once there is one. */
  subject(): string | null;
  /** Over the socket where it is live, else over HTTP. */
  request(operation: Operation): Promise<unknown>;
  /** Polls beside the connection's own, for a place that was given back. */
  lookout(place: Place, lost: (loss: Loss) => void): Line;
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

/** Makes a connection; nothing is opened before somebody joins. Throws `RangeError` at options that contradict sense. */
export function createConnection(options: ConnectionOptions = {}, parts: ConnectionParts = {}): Connection {
  const environment = parts.environment ?? pageEnvironment();
  const { httpUrl, wsUrl, error: problem } = readAddresses(options, environment);
  const read = readSettings(options);
  const canSocket = environment.webSocket !== null || parts.webSocketTransport !== undefined;
  const settings: Settings =
    read.transport === 'auto' && !canSocket ? { ...read, transport: 'polling' } : read;
  const transportOptions = { ...settings, environment };
  const polling = parts.pollingTransport ?? createPollingTransport({ ...transportOptions, url: httpUrl });
  const tokens = createTokenSource({ ...options, environment, timeoutMs: settings.tokenTimeoutMs });

  let state: MachineState = { name: 'idle' };
  const places = new Map<Place, boolean>();
  const timers = createTimers(environment);
  let stopSignals: (() => void) | null = null;
  const life = createTokenLife({
    environment,
    tokens,
    working: () => (state.name === 'connected' || state.name === 'polling' ? state.name : null),
    request,
    changed: tell,
  });
  const shared = { tokens, places, identified: tell };
  const socket = createLine({
    ...shared,
    transport: parts.webSocketTransport ?? createWebSocketTransport({ ...transportOptions, url: wsUrl }),
    listener: {
      acknowledged: life.acknowledged,
      answered: () => dispatch({ type: 'data' }),
      alive: () => dispatch({ type: 'alive' }),
      lost(loss) {
        socket.close();
        dispatch({ type: 'lost', ...loss });
      },
    },
  });
  const polls = createLine({
    ...shared,
    transport: polling,
    listener: {
      answered: () => dispatch({ type: 'polled' }),
      lost: ({ error }) => dispatch({ type: 'pollFailed', error }),
    },
  });
  const effects: Readonly<Record<Effect, () => void>> = {
    open: () => void socket.open(false),
    openForced: () => void socket.open(true),
    close() {
      life.pause();
      socket.close();
    },
    poll: () => void polls.open(false).then((session) => session?.check()),
    abandonPoll: polls.close,
    check: () => socket.session?.check(),
  };

  const turn = (): Moment & Settings => ({
    ...settings,
    now: environment.monotonicNow(),
    random: environment.random(),
    online: environment.isOnline(),
    visible: environment.isVisible(),
  });
  const queue: MachineEvent[] = [];
  let running = false;
  function dispatch(event: MachineEvent): void {
    queue.push(event);
    if (running) return;
    running = true;
    for (let next = queue.shift(); next; next = queue.shift()) {
      const before = state;
      const [after, todo] = transition(before, next, turn());
      state = after;
      for (const timer of TIMERS) {
        const at = dueAt(after, timer);
        if (at !== dueAt(before, timer)) {
          timers.set(timer, at === null ? null : at - environment.monotonicNow(), () => {
            dispatch({ type: `${timer}Due` });
          });
        }
      }
      for (const effect of todo) effects[effect]();
      if (after !== before) tell();
    }
    running = false;
  }
  function tell(): void {
    if (state.name === 'polling') life.askOnce();
    for (const place of [...places.keys()]) place.changed();
  }

  async function request(operation: Operation): Promise<unknown> {
    const session =
      (state.name === 'connected' && socket.session) ||
      polling.open(await tokens.get(false), { lost: () => undefined });
    return session.request(operation);
  }
  function leave(place: Place): void {
    if (!places.delete(place)) return;
    attach(place, false);
    if (places.size > 0) return;
    dispatch({ type: 'stop' });
    life.end();
    stopSignals?.();
    stopSignals = null;
    tokens.dispose();
  }
  function attach(place: Place, active: boolean): void {
    socket.attach(place, active);
    polls.attach(place, active);
  }

  return {
    environment,
    settings,
    endpoint: httpUrl,
    problem,
    get state() {
      return state;
    },
    life,
    turn,
    subject: tokens.subject,
    reconnect: () => dispatch({ type: 'reconnect' }),
    join(place, active) {
      const before = places.get(place);
      places.set(place, active);
      stopSignals ??= environment.onSignal((signal) => {
        if (signal !== 'leave') dispatch({ type: signal });
      });
      if (before === undefined) dispatch({ type: 'start' });
      if (active === (before ?? false)) return;
      attach(place, active);
      if (active && polls.session) dispatch({ type: 'pollDue' });
    },
    leave,
    lookout: (place, lost) =>
      createLine({
        ...shared,
        transport: polling,
        places: new Map([[place, true]]),
        listener: { lost },
      }),
    request: (operation) =>
      request(operation).catch(async (error: unknown) => {
        if (lossIn(error).advice !== 'refresh' || !tokens.renewable) throw error;
        await life.renew();
        return request(operation);
      }),
    dispose() {
      for (const place of [...places.keys()]) leave(place);
    },
  };
}

const dueAt = (state: MachineState, timer: (typeof TIMERS)[number]): number | null =>
  'opened' in state ? state[`${timer}At`] : null;
