/**
 * Steps of the connection's state machine, as pure functions from state to state. The table in connection-machine.ts says
 * which step handles which event.
 */
import { terminalStateFor } from './retry-policy.js';
import { SOON_ATTEMPT, retryDelayMs, jitteredDelayMs } from './backoff.js';
import type {
  AttemptState,
  MachineEvent,
  MachineState,
  MachineSettings,
  ConnectingState,
  StepContext,
} from './connection-machine-state.js';
import type { ConnectionError } from './types.js';

/** State before the first attempt. */
export const INITIAL_ATTEMPT: AttemptState = {
  attempt: 0,
  failures: 0,
  socket: 'none',
  socketId: 0,
  refreshed: false,
  polls: 'off',
  polling: false,
  failedPolls: 0,
  retryAt: null,
  fallbackAt: null,
  healthyAt: null,
  pollAt: null,
  error: null,
};

const isLive = (state: AttemptState): boolean => state.socket === 'live' || state.socket === 'healthy';

/** Derives the state's name from its data. */
function withStateName(state: AttemptState): ConnectingState {
  if (isLive(state)) return { ...state, name: 'connected' };
  if (state.polls === 'working') return { ...state, name: 'polling' };
  const first = state.error === null && state.attempt === 0;
  return { ...state, name: first ? 'connecting' : 'reconnecting' };
}

const canFallBack = ({ polls }: AttemptState, { transport }: MachineSettings): boolean =>
  transport === 'auto' && polls === 'off';

const openSocket = (state: AttemptState, context: StepContext): AttemptState => ({
  ...state,
  socket: 'opening',
  socketId: state.socketId + 1,
  retryAt: null,
  healthyAt: null,
  fallbackAt:
    state.fallbackAt ?? (canFallBack(state, context) ? context.now + context.fallbackAfterMs : null),
});

const startPoll = (state: AttemptState): AttemptState => ({
  ...state,
  polls: state.polls === 'off' ? 'starting' : state.polls,
  polling: true,
  fallbackAt: null,
  pollAt: null,
});

/** Whether both transports have used up their attempts. */
const isExhausted = (
  state: AttemptState,
  { transport, maxFailedPolls, maxAttempts }: MachineSettings,
): boolean =>
  state.socket === 'none' &&
  (transport === 'websocket' || state.failedPolls >= maxFailedPolls) &&
  (transport === 'polling' || state.attempt >= maxAttempts);
const disconnected = (error: ConnectionError): MachineState => ({
  name: 'disconnected',
  reason: 'exhausted',
  error,
});

function connect(state: AttemptState, context: StepContext): MachineState {
  if (!context.online) return goOffline(state, context);
  return withStateName(context.transport === 'polling' ? startPoll(state) : openSocket(state, context));
}

/** The first connection. */
export const start = (_state: unknown, context: StepContext): MachineState =>
  connect(INITIAL_ATTEMPT, context);

/** A new budget of attempts after a stop; if the token was rejected, with a new token. */
export const restart = (state: MachineState, context: StepContext): MachineState =>
  connect({ ...INITIAL_ATTEMPT, attempt: 1, refreshed: state.name === 'unauthorized' }, context);

/** A new budget of attempts, without delay: pending attempts start now, running ones continue. */
export function reconnectNow(state: AttemptState, context: StepContext): MachineState {
  if (!context.online) return goOffline(state, context);
  const fresh = { ...state, attempt: 1, failedPolls: 0 };
  const next = fresh.polls === 'off' ? fresh : startPoll(fresh);
  const idle = next.socket === 'none' && context.transport !== 'polling';
  return withStateName(idle ? openSocket(next, context) : next);
}

/** Offline: waits for the browser's online event, and still retries now and then in case the browser is wrong. */
export function goOffline(state: AttemptState, context: StepContext): MachineState {
  const { socketId, refreshed, error, socket, healthyAt } = state;
  const base = { ...INITIAL_ATTEMPT, name: 'offline', socketId, refreshed, error } as const;
  return isLive(state)
    ? { ...base, socket, healthyAt }
    : { ...base, retryAt: context.now + context.backgroundRetryMs };
}

/** The page woke up while it was offline. */
export const resume = (state: ConnectingState, context: StepContext): MachineState =>
  !context.online || isLive(state)
    ? state
    : connect({ ...INITIAL_ATTEMPT, attempt: 1, socketId: state.socketId }, context);

/** One attempt while offline. */
export function retryWhileOffline(state: ConnectingState, context: StepContext): MachineState {
  if (isLive(state)) return state;
  const next = context.transport === 'polling' ? startPoll(state) : openSocket(state, context);
  return { ...next, fallbackAt: null, retryAt: null, name: 'offline' };
}

/** The socket is alive: polling ends. */
export const markLive = (state: ConnectingState, context: StepContext): MachineState =>
  state.socket === 'none'
    ? state
    : withStateName({
        ...state,
        ...(state.socket === 'opening' && {
          socket: 'live',
          healthyAt: context.now + context.healthyAfterMs,
        }),
        polls: 'off',
        polling: false,
        failedPolls: 0,
        retryAt: null,
        fallbackAt: null,
        pollAt: null,
        error: null,
      });

/** The socket stayed live for a while: only now are the counters reset (invariant: healthy-before-reset). */
export const markHealthy = (state: ConnectingState): MachineState => ({
  ...state,
  socket: 'healthy',
  healthyAt: null,
  attempt: 0,
  failures: 0,
  refreshed: false,
});

/** The socket closed, or could not be opened. */
export function connectionLost(
  state: AttemptState,
  context: StepContext,
  failure: Extract<MachineEvent, { type: 'lost' }>,
): MachineState {
  const { policy, error } = failure;
  const terminal = terminalStateFor(failure, state.refreshed, context.canRefresh);
  if (terminal !== null) return terminal;
  const closed: AttemptState = { ...state, socket: 'none', healthyAt: null, error };
  if (!context.online) return goOffline(closed, context);
  // A live socket whose token expired is one of many with tokens of that age: these spread out. One that was refused before
  // it was live has waited already.
  if (policy === 'refresh' && !isLive(state))
    return withStateName(openSocket({ ...closed, refreshed: true }, context));

  const failures = state.socket === 'healthy' ? 0 : state.failures + 1;
  const budgetSpent = state.attempt >= context.maxAttempts;
  const fallBack = canFallBack(state, context) && (budgetSpent || failures >= context.fallbackAfterFailures);
  const next: AttemptState = { ...(fallBack ? startPoll(closed) : closed), failures };
  if (budgetSpent) return isExhausted(next, context) ? disconnected(error) : retryInBackground(next, context);
  const attempt = policy === 'soon' ? Math.min(state.attempt + 1, SOON_ATTEMPT) : state.attempt + 1;
  const delayMs =
    policy === 'jittered' || policy === 'refresh'
      ? jitteredDelayMs(context.random)
      : retryDelayMs(attempt, context.jitter, context.random);
  return withStateName({ ...next, retryAt: context.now + delayMs });
}

/** The attempts are used up; while polling works, the socket is still retried once a minute. */
const retryInBackground = (state: AttemptState, context: StepContext): MachineState =>
  withStateName({
    ...state,
    fallbackAt: null,
    retryAt: state.polls === 'working' ? context.now + context.backgroundRetryMs : null,
  });

/** The next attempt. Background retries don't count against the budget. (invariant: bounded-retries) */
export const nextAttempt = (state: AttemptState, context: StepContext): MachineState =>
  withStateName(openSocket({ ...state, attempt: Math.min(state.attempt + 1, context.maxAttempts) }, context));

/** Starts a poll. */
export const poll = (state: AttemptState): MachineState => withStateName(startPoll(state));

/** The poll succeeded. */
export function polled(state: AttemptState, context: StepContext): MachineState {
  const intervalMs = context.visible ? context.pollIntervalMs : context.hiddenPollIntervalMs;
  const next: AttemptState = {
    ...state,
    polls: 'working',
    polling: false,
    failedPolls: 0,
    pollAt: context.now + intervalMs,
  };
  const budgetSpent = context.transport === 'auto' && state.socket === 'none' && state.retryAt === null;
  return budgetSpent ? retryInBackground(next, context) : withStateName(next);
}

/** The poll failed. */
export function pollFailed(
  state: AttemptState,
  context: StepContext,
  { error }: Extract<MachineEvent, { type: 'pollFailed' }>,
): MachineState {
  const failedPolls = state.failedPolls + 1;
  const next: AttemptState = { ...state, polls: 'failing', polling: false, failedPolls, error };
  if (!context.online) return goOffline(next, context);
  if (isExhausted(next, context)) return disconnected(error);
  return withStateName({
    ...next,
    pollAt: context.now + retryDelayMs(failedPolls, context.jitter, context.random),
  });
}
