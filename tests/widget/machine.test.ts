import { describe, expect, it } from 'vitest';
import { TABLE, transition } from '../../widget/client/machine.js';
import type { Effort, StateName } from '../../widget/client/machine-state.js';
import { EVENTS, POLICIES, STATE_NAMES, walk } from './support/machine-space.js';

const steps = POLICIES.flatMap(walk);
const lives = ({ socket }: Effort): boolean => socket === 'live' || socket === 'healthy';
const MOMENT = { now: 0, random: 0.5, online: true, visible: true };
const turns = new Map(POLICIES.map((policy) => [policy, { ...MOMENT, ...policy }]));
const states = [...new Map(steps.map(({ to, policy }) => [to, { state: to, policy }])).values()].map(
  ({ state, policy }) => ({
    state,
    policy,
    turn: turns.get(policy)!,
    effort: 'opened' in state ? state : null,
  }),
);
const FINAL: readonly StateName[] = ['disconnected', 'unauthorized', 'error', 'idle'];

describe('The table of the connection', () => {
  it('gives a result for every pair, also where the world could not bring that event', () => {
    const lost = states.flatMap(({ state, turn }) =>
      EVENTS.filter((event) => !STATE_NAMES.includes(transition(state, event, turn)[0].name)),
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
    const changed = states.filter(({ state, turn }) =>
      EVENTS.some(
        (event) =>
          !Object.hasOwn(TABLE[state.name], event.type) && transition(state, event, turn)[0] !== state,
      ),
    );
    expect(changed).toEqual([]);
  });
});

describe('Everywhere the machine can come to', () => {
  it('there is always a way on: a socket, a poll or a timer, unless it has given up or nobody watches', () => {
    const stuck = states.filter(({ state, effort }) => {
      if (effort === null) return !FINAL.includes(state.name);
      const underWay = effort.socket !== 'none' || effort.asking;
      return !underWay && effort.retryAt === null && effort.pollAt === null;
    });
    expect(stuck).toEqual([]);
  });

  // (invariant: bounded-retries)
  it('attempts never pass the budget', () => {
    expect(states.filter(({ effort, policy }) => (effort?.attempt ?? 0) > policy.maxAttempts)).toEqual([]);
  });

  it('a socket that answers and polls never write together', () => {
    expect(states.filter(({ effort }) => effort !== null && lives(effort) && effort.polls !== 'off')).toEqual(
      [],
    );
  });

  it('the transport that was not chosen is never used', () => {
    const polls = states.filter(({ policy }) => policy.transport === 'websocket');
    expect(polls.filter(({ effort }) => effort !== null && effort.polls !== 'off')).toEqual([]);
    const sockets = states.filter(({ policy }) => policy.transport === 'polling');
    expect(sockets.filter(({ effort }) => effort !== null && effort.socket !== 'none')).toEqual([]);
  });

  it('connected means that data came, and polling that a poll was answered', () => {
    const connected = states.filter(({ state }) => state.name === 'connected');
    expect(connected.length).toBeGreaterThan(0);
    expect(connected.filter(({ effort }) => effort === null || !lives(effort))).toEqual([]);
    const polling = states.filter(({ state }) => state.name === 'polling');
    expect(polling.length).toBeGreaterThan(0);
    expect(polling.filter(({ effort }) => effort?.polls !== 'working')).toEqual([]);
  });

  it('whoever leaves leaves nothing behind: no socket, no poll, no timer', () => {
    for (const { state, effort, turn } of states) {
      const [after, effects] = transition(state, { type: 'stop' }, turn);
      const right =
        JSON.stringify(after) === '{"name":"idle"}' &&
        effects.includes('close') === (effort !== null && effort.socket !== 'none') &&
        effects.includes('abandonPoll') === (effort !== null && effort.polls !== 'off') &&
        effects.every((effect) => effect === 'close' || effect === 'abandonPoll');
      if (!right) expect.fail(JSON.stringify({ state, effects }));
    }
  });
});
