import { describe, expect, it } from 'vitest';
import { TABLE, transition } from '../../widget/client/connection-machine.js';
import type { AttemptState, StateName } from '../../widget/client/connection-machine-state.js';
import { EVENTS, ALL_SETTINGS, STATE_NAMES, walk } from './support/machine-states.js';

const steps = ALL_SETTINGS.flatMap(walk);
const isLive = ({ socket }: AttemptState): boolean => socket === 'live' || socket === 'healthy';
const ENVIRONMENT = { now: 0, random: 0.5, online: true, visible: true };
const contexts = new Map(ALL_SETTINGS.map((settings) => [settings, { ...ENVIRONMENT, ...settings }]));
const states = [...new Map(steps.map(({ to, settings }) => [to, { state: to, settings }])).values()].map(
  ({ state, settings }) => ({
    state,
    settings,
    context: contexts.get(settings)!,
    attempt: 'socketId' in state ? state : null,
  }),
);
const FINAL: readonly StateName[] = ['disconnected', 'unauthorized', 'error', 'idle'];

describe('The connection machine', () => {
  it('gives a result for every pair, also where the world could not bring that event', () => {
    const lost = states.flatMap(({ state, context }) =>
      EVENTS.filter((event) => !STATE_NAMES.includes(transition(state, event, context)[0].name)),
    );
    expect(lost).toEqual([]);
  });

  it('has a step for what changes something, each of which is walked, and for nothing else', () => {
    const walked = new Set(
      steps.filter(({ from, to }) => from !== to).map(({ from, event }) => `${from.name} ${event.type}`),
    );
    const declared = STATE_NAMES.flatMap((state) =>
      Object.keys(TABLE[state]).map((event) => `${state} ${event}`),
    );
    expect([...walked].sort()).toEqual(declared.sort());
  });

  it('says what it does not change by the same object, wherever it can come to', () => {
    const changed = states.filter(({ state, context }) =>
      EVENTS.some(
        (event) =>
          !Object.hasOwn(TABLE[state.name], event.type) && transition(state, event, context)[0] !== state,
      ),
    );
    expect(changed).toEqual([]);
  });
});

describe('In every reachable state', () => {
  it('there is always a way on: a socket, a poll or a timer, unless it has given up or nobody watches', () => {
    const stuck = states.filter(({ state, attempt }) => {
      if (attempt === null) return !FINAL.includes(state.name);
      const underWay = attempt.socket !== 'none' || attempt.polling;
      return !underWay && attempt.retryAt === null && attempt.pollAt === null;
    });
    expect(stuck).toEqual([]);
  });

  // (invariant: bounded-retries)
  it('attempts never pass the budget', () => {
    expect(states.filter(({ attempt, settings }) => (attempt?.attempt ?? 0) > settings.maxAttempts)).toEqual(
      [],
    );
  });

  it('a socket that answers and polls never write together', () => {
    expect(
      states.filter(({ attempt }) => attempt !== null && isLive(attempt) && attempt.polls !== 'off'),
    ).toEqual([]);
  });

  it('the transport that was not chosen is never used', () => {
    const polls = states.filter(({ settings }) => settings.transport === 'websocket');
    expect(polls.filter(({ attempt }) => attempt !== null && attempt.polls !== 'off')).toEqual([]);
    const sockets = states.filter(({ settings }) => settings.transport === 'polling');
    expect(sockets.filter(({ attempt }) => attempt !== null && attempt.socket !== 'none')).toEqual([]);
  });

  it('connected means that data came, and polling that a poll was answered', () => {
    const connected = states.filter(({ state }) => state.name === 'connected');
    expect(connected.length).toBeGreaterThan(0);
    expect(connected.filter(({ attempt }) => attempt === null || !isLive(attempt))).toEqual([]);
    const polling = states.filter(({ state }) => state.name === 'polling');
    expect(polling.length).toBeGreaterThan(0);
    expect(polling.filter(({ attempt }) => attempt?.polls !== 'working')).toEqual([]);
  });

  it('stop leaves no socket, no poll and no timer', () => {
    for (const { state, attempt, context } of states) {
      const [after, effects] = transition(state, { type: 'stop' }, context);
      const right =
        JSON.stringify(after) === '{"name":"idle"}' &&
        effects.includes('close') === (attempt !== null && attempt.socket !== 'none') &&
        effects.includes('cancelPoll') === (attempt !== null && attempt.polls !== 'off') &&
        effects.every((effect) => effect === 'close' || effect === 'cancelPoll');
      if (!right) expect.fail(JSON.stringify({ state, effects }));
    }
  });
});
