/**
 * The steps of the connection's machine: from one state to the next, as pure functions. Which step answers which event in
 * which state stands in machine.ts.
 */
import { endOf } from './advice.js';
import { retryDelayMs, spreadDelayMs } from './backoff.js';
import type { Effort, MachineEvent, MachineState, Policy, Trying, Turn } from './machine-state.js';
import type { ConnectionError } from './types.js';

/** Before the first try. */
export const NO_EFFORT: Effort = {
  attempt: 0,
  failures: 0,
  socket: 'none',
  opened: 0,
  forced: false,
  polls: 'off',
  asking: false,
  failedPolls: 0,
  retryAt: null,
  fallbackAt: null,
  healthyAt: null,
  pollAt: null,
  error: null,
};

const lives = (effort: Effort): boolean => effort.socket === 'live' || effort.socket === 'healthy';

/** The one name that fits what is going on. */
function named(effort: Effort): Trying {
  if (lives(effort)) return { ...effort, name: 'connected' };
  if (effort.polls === 'working') return { ...effort, name: 'polling' };
  const first = effort.error === null && effort.attempt === 0;
  return { ...effort, name: first ? 'connecting' : 'reconnecting' };
}

const mayFallBack = ({ polls }: Effort, { transport }: Policy): boolean =>
  transport === 'auto' && polls === 'off';

const opening = (effort: Effort, turn: Turn): Effort => ({
  ...effort,
  socket: 'opening',
  opened: effort.opened + 1,
  retryAt: null,
  healthyAt: null,
  fallbackAt: effort.fallbackAt ?? (mayFallBack(effort, turn) ? turn.now + turn.fallbackAfterMs : null),
});

const asking = (effort: Effort): Effort => ({
  ...effort,
  polls: effort.polls === 'off' ? 'unproven' : effort.polls,
  asking: true,
  fallbackAt: null,
  pollAt: null,
});

/** Both transports are spent. */
const exhausted = (effort: Effort, { transport, maxFailedPolls, maxAttempts }: Policy): boolean =>
  effort.socket === 'none' &&
  (transport === 'websocket' || effort.failedPolls >= maxFailedPolls) &&
  (transport === 'polling' || effort.attempt >= maxAttempts);
const disconnected = (error: ConnectionError): MachineState => ({
  name: 'disconnected',
  reason: 'exhausted',
  error,
});

function started(effort: Effort, turn: Turn): MachineState {
  if (!turn.online) return offline(effort, turn);
  return named(turn.transport === 'polling' ? asking(effort) : opening(effort, turn));
}

/** The first try of all. */
export const begin = (_state: unknown, turn: Turn): MachineState => started(NO_EFFORT, turn);

/** A fresh budget after an end; where a token was refused, a new one is asked for. */
export const again = (state: MachineState, turn: Turn): MachineState =>
  started({ ...NO_EFFORT, attempt: 1, forced: state.name === 'unauthorized' }, turn);

/** A fresh budget, at once: what waits is begun now, what is under way goes on. */
export function hasten(effort: Effort, turn: Turn): MachineState {
  if (!turn.online) return offline(effort, turn);
  const fresh = { ...effort, attempt: 1, failedPolls: 0 };
  const next = fresh.polls === 'off' ? fresh : asking(fresh);
  const idle = next.socket === 'none' && turn.transport !== 'polling';
  return named(idle ? opening(next, turn) : next);
}

/** No network: waits for the browser, and looks now and then, since the browser may be wrong. */
export function offline(effort: Effort, turn: Turn): MachineState {
  const { opened, forced, error, socket, healthyAt } = effort;
  const base = { ...NO_EFFORT, name: 'offline', opened, forced, error } as const;
  return lives(effort)
    ? { ...base, socket, healthyAt }
    : { ...base, retryAt: turn.now + turn.probeIntervalMs };
}

/** Something woke the page while it was offline. */
export const returned = (state: Trying, turn: Turn): MachineState =>
  !turn.online || lives(state) ? state : started({ ...NO_EFFORT, attempt: 1, opened: state.opened }, turn);

/** One look while offline. */
export function probe(state: Trying, turn: Turn): MachineState {
  if (lives(state)) return state;
  const next = turn.transport === 'polling' ? asking(state) : opening(state, turn);
  return { ...next, fallbackAt: null, retryAt: null, name: 'offline' };
}

/** The socket gave a sign of life: polls end here. */
export const answered = (state: Trying, turn: Turn): MachineState =>
  state.socket === 'none'
    ? state
    : named({
        ...state,
        ...(state.socket === 'opening' && { socket: 'live', healthyAt: turn.now + turn.healthyAfterMs }),
        polls: 'off',
        asking: false,
        failedPolls: 0,
        retryAt: null,
        fallbackAt: null,
        pollAt: null,
        error: null,
      });

/** It went on living for a while: only now the count starts anew. (invariant: healthy-before-reset) */
export const settle = (state: Trying): MachineState => ({
  ...state,
  socket: 'healthy',
  healthyAt: null,
  attempt: 0,
  failures: 0,
  forced: false,
});

/** The socket ended, or never came to be. */
export function lost(
  effort: Effort,
  turn: Turn,
  loss: Extract<MachineEvent, { type: 'lost' }>,
): MachineState {
  const { advice, error } = loss;
  const end = endOf(loss, effort.forced, turn.renewable);
  if (end !== null) return end;
  const ended: Effort = { ...effort, socket: 'none', healthyAt: null, error };
  if (!turn.online) return offline(ended, turn);
  if (advice === 'refresh') return named(opening({ ...ended, forced: true }, turn));

  const failures = effort.socket === 'healthy' ? 0 : effort.failures + 1;
  const spent = effort.attempt >= turn.maxAttempts;
  const fallBack = mayFallBack(effort, turn) && (spent || failures >= turn.fallbackAfterFailures);
  const next: Effort = { ...(fallBack ? asking(ended) : ended), failures };
  if (spent) return exhausted(next, turn) ? disconnected(error) : resting(next, turn);
  const delayMs =
    advice === 'spread'
      ? spreadDelayMs(turn.random)
      : retryDelayMs(effort.attempt + 1, turn.jitter, turn.random);
  return named({ ...next, retryAt: turn.now + delayMs });
}

/** The budget is spent; while polls work, one quiet look a minute remains. */
const resting = (effort: Effort, turn: Turn): MachineState =>
  named({
    ...effort,
    fallbackAt: null,
    retryAt: effort.polls === 'working' ? turn.now + turn.probeIntervalMs : null,
  });

/** The next attempt. Past the budget it is the quiet look, which counts for nothing. (invariant: bounded-retries) */
export const attempt = (effort: Effort, turn: Turn): MachineState =>
  named(opening({ ...effort, attempt: Math.min(effort.attempt + 1, turn.maxAttempts) }, turn));

/** A round of polls. */
export const polling = (effort: Effort): MachineState => named(asking(effort));

/** The round was answered. */
export function polled(effort: Effort, turn: Turn): MachineState {
  const intervalMs = turn.visible ? turn.pollIntervalMs : turn.hiddenPollIntervalMs;
  const next: Effort = {
    ...effort,
    polls: 'working',
    asking: false,
    failedPolls: 0,
    pollAt: turn.now + intervalMs,
  };
  const spent = turn.transport === 'auto' && effort.socket === 'none' && effort.retryAt === null;
  return spent ? resting(next, turn) : named(next);
}

/** The round failed. */
export function pollFailed(
  effort: Effort,
  turn: Turn,
  { error }: Extract<MachineEvent, { type: 'pollFailed' }>,
): MachineState {
  const failedPolls = effort.failedPolls + 1;
  const next: Effort = { ...effort, polls: 'failing', asking: false, failedPolls, error };
  if (!turn.online) return offline(next, turn);
  if (exhausted(next, turn)) return disconnected(error);
  return named({ ...next, pollAt: turn.now + retryDelayMs(failedPolls, turn.jitter, turn.random) });
}
