/**
 * The steps of the connection's machine: from one state to the next, as pure functions. Which step answers which event in
 * which state stands in machine.ts.
 */
import { retryDelayMs, spreadDelayMs } from './backoff.js';
import type { Effort, MachineEvent, MachineState, Moment, Policy, Trying } from './machine-state.js';

/** Before the first try. */
export const NO_EFFORT: Effort = Object.freeze({
  first: true,
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
});

const lives = (effort: Effort): boolean => effort.socket === 'live' || effort.socket === 'healthy';

/** The one name that fits what is going on. */
function named(effort: Effort): Trying {
  if (lives(effort)) return { ...effort, name: 'connected' };
  if (effort.polls === 'working') return { ...effort, name: 'polling' };
  return { ...effort, name: effort.first ? 'connecting' : 'reconnecting' };
}

function opening(effort: Effort, { now }: Moment, policy: Policy): Effort {
  const mayFallBack = policy.transport === 'auto' && effort.polls === 'off';
  return {
    ...effort,
    socket: 'opening',
    opened: effort.opened + 1,
    retryAt: null,
    healthyAt: null,
    fallbackAt: effort.fallbackAt ?? (mayFallBack ? now + policy.fallbackAfterMs : null),
  };
}

const asking = (effort: Effort): Effort => ({
  ...effort,
  polls: effort.polls === 'off' ? 'unproven' : effort.polls,
  asking: true,
  fallbackAt: null,
  pollAt: null,
});

/** Neither transport is worth another try. */
function exhausted(effort: Effort, policy: Policy): boolean {
  if (effort.socket !== 'none') return false;
  const noPolls = policy.transport === 'websocket' || effort.failedPolls >= policy.maxFailedPolls;
  const noSocket = policy.transport === 'polling' || effort.attempt >= policy.maxAttempts;
  return noPolls && noSocket;
}

function started(effort: Effort, moment: Moment, policy: Policy): MachineState {
  if (!moment.online) return offline(effort, null, moment, policy);
  return named(policy.transport === 'polling' ? asking(effort) : opening(effort, moment, policy));
}

/** The first try of all. */
export const begin = (_state: unknown, _event: unknown, moment: Moment, policy: Policy): MachineState =>
  started(NO_EFFORT, moment, policy);

/** A fresh budget after an end; where a token was refused, a new one is asked for. */
export const again = (state: MachineState, _event: unknown, moment: Moment, policy: Policy): MachineState =>
  started({ ...NO_EFFORT, first: false, attempt: 1, forced: state.name === 'unauthorized' }, moment, policy);

/** A fresh budget, at once: what waits is begun now, what is under way goes on. */
export function hasten(effort: Effort, _event: unknown, moment: Moment, policy: Policy): MachineState {
  if (!moment.online) return offline(effort, null, moment, policy);
  let next: Effort = { ...effort, attempt: 1, failedPolls: 0 };
  if (next.polls !== 'off') next = asking(next);
  if (next.socket === 'none' && policy.transport !== 'polling') next = opening(next, moment, policy);
  return named(next);
}

/** No network: waits for the browser, and looks now and then, since the browser may be wrong. */
export function offline(effort: Effort, _event: unknown, { now }: Moment, policy: Policy): MachineState {
  const kept = lives(effort);
  return {
    ...NO_EFFORT,
    name: 'offline',
    first: false,
    opened: effort.opened,
    socket: kept ? effort.socket : 'none',
    healthyAt: kept ? effort.healthyAt : null,
    forced: effort.forced,
    error: effort.error,
    retryAt: kept ? null : now + policy.probeIntervalMs,
  };
}

/** Something woke the page while it was offline. */
export function returned(state: Trying, _event: unknown, moment: Moment, policy: Policy): MachineState {
  if (!moment.online || lives(state)) return state;
  return started({ ...NO_EFFORT, first: false, attempt: 1, opened: state.opened }, moment, policy);
}

/** One look while offline. */
export function probe(state: Trying, _event: unknown, moment: Moment, policy: Policy): MachineState {
  if (lives(state)) return state;
  if (policy.transport === 'polling') return { ...asking(state), retryAt: null, name: 'offline' };
  return { ...opening(state, moment, policy), fallbackAt: null, name: 'offline' };
}

/** The socket gave a sign of life: polls end here. */
export function answered(state: Trying, _event: unknown, { now }: Moment, policy: Policy): MachineState {
  if (state.socket === 'none') return state;
  const fresh = state.socket === 'opening';
  return named({
    ...state,
    first: false,
    socket: fresh ? 'live' : state.socket,
    healthyAt: fresh ? now + policy.healthyAfterMs : state.healthyAt,
    polls: 'off',
    asking: false,
    failedPolls: 0,
    retryAt: null,
    fallbackAt: null,
    pollAt: null,
    error: null,
  });
}

/** It went on living for a while: only now the count starts anew. */
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
  event: Extract<MachineEvent, { type: 'lost' }>,
  moment: Moment,
  policy: Policy,
): MachineState {
  const { advice, error } = event;
  if (advice === 'giveUp') return { name: 'error', error };
  if (advice === 'refuse' || (advice === 'refresh' && effort.forced)) return { name: 'unauthorized', error };
  const ended: Effort = { ...effort, first: false, socket: 'none', healthyAt: null, error };
  if (!moment.online) return offline(ended, null, moment, policy);
  if (advice === 'refresh') return named(opening({ ...ended, forced: true }, moment, policy));

  const failures = effort.socket === 'healthy' ? 0 : effort.failures + 1;
  const spent = effort.attempt >= policy.maxAttempts;
  const mayPoll = policy.transport === 'auto' && effort.polls === 'off';
  const fallBack = mayPoll && (spent || failures >= policy.fallbackAfterFailures);
  const next: Effort = { ...(fallBack ? asking(ended) : ended), failures };
  if (spent) return exhausted(next, policy) ? { name: 'disconnected', error } : resting(next, moment, policy);
  const delayMs =
    advice === 'spread'
      ? spreadDelayMs(moment.random)
      : retryDelayMs(effort.attempt + 1, policy.jitter, moment.random);
  return named({ ...next, retryAt: moment.now + delayMs });
}

/** The budget is spent; while polls work, one quiet look a minute remains. */
function resting(effort: Effort, { now }: Moment, policy: Policy): MachineState {
  const retryAt = effort.polls === 'working' ? now + policy.probeIntervalMs : null;
  return named({ ...effort, fallbackAt: null, retryAt });
}

/** The next attempt. Past the budget it is the quiet look, which counts for nothing. */
export function attempt(effort: Effort, _event: unknown, moment: Moment, policy: Policy): MachineState {
  const count = Math.min(effort.attempt + 1, policy.maxAttempts);
  return named(opening({ ...effort, attempt: count }, moment, policy));
}

/** A round of polls. */
export const polling = (effort: Effort): MachineState => named(asking(effort));

/** The round was answered. */
export function polled(effort: Effort, _event: unknown, moment: Moment, policy: Policy): MachineState {
  const next: Effort = {
    ...effort,
    first: false,
    polls: 'working',
    asking: false,
    failedPolls: 0,
    pollAt: moment.now + (moment.visible ? policy.pollIntervalMs : policy.hiddenPollIntervalMs),
  };
  const spent = policy.transport === 'auto' && effort.socket === 'none' && effort.retryAt === null;
  return spent ? resting(next, moment, policy) : named(next);
}

/** The round failed. */
export function pollFailed(
  effort: Effort,
  event: Extract<MachineEvent, { type: 'pollFailed' }>,
  moment: Moment,
  policy: Policy,
): MachineState {
  const { error } = event;
  const failedPolls = effort.failedPolls + 1;
  const next: Effort = { ...effort, first: false, polls: 'failing', asking: false, failedPolls, error };
  if (!moment.online) return offline(next, null, moment, policy);
  if (exhausted(next, policy)) return { name: 'disconnected', error };
  return named({ ...next, pollAt: moment.now + retryDelayMs(failedPolls, policy.jitter, moment.random) });
}
