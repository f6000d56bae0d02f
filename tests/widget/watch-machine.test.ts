import { describe, expect, it } from 'vitest';
import { WATCH_TABLE, follow, type WatchEvent, type WatchState } from '../../widget/client/watch-machine.js';
import { readSettings } from '../../widget/client/options.js';

const error = { code: 'SOME', message: 'Some.' };
const EVENTS: readonly WatchEvent[] = [
  ...(
    [
      'listen',
      'leave',
      'disconnect',
      'reconnect',
      'answered',
      'ended',
      'restDue',
      'retryDue',
      'renewed',
      'stirred',
    ] as const
  ).map((type): WatchEvent => ({ type })),
  ...(['retry', 'refresh', 'refuse', 'giveUp'] as const).map((advice): WatchEvent => ({
    type: 'failed',
    loss: { advice, error },
  })),
];
const turn = {
  ...readSettings({ getToken: () => 'token' }),
  restPollIntervalMs: 30_000,
  now: 100_000,
  random: 0.5,
  online: true,
  visible: true,
};

/** Every state that can be come to from `idle`. */
function reachable(): readonly WatchState[] {
  const seen = new Map<string, WatchState>([['idle', { name: 'idle' }]]);
  for (const state of seen.values()) {
    for (const event of EVENTS) {
      for (const now of [100_000, 200_000]) {
        const next = follow(state, event, { ...turn, now });
        const key = JSON.stringify({ ...next, dueAt: 0, since: 'since' in next ? next.since : 0 });
        if (!seen.has(key)) seen.set(key, next);
      }
    }
  }
  return [...seen.values()];
}

describe('The table of following one project', () => {
  const states = reachable();

  it('answers every pair, by the same object where the table has no step, and comes to every state', () => {
    for (const state of states) {
      for (const event of EVENTS) {
        const next = follow(state, event, turn);
        if (!Object.hasOwn(WATCH_TABLE[state.name], event.type)) expect(next).toBe(state);
        else expect(Object.keys(WATCH_TABLE)).toContain(next.name);
      }
    }
    expect([...new Set(states.map(({ name }) => name))].sort()).toEqual(Object.keys(WATCH_TABLE).sort());
  });

  it('has a way on from everywhere: by listening or by reconnect', () => {
    const stuck = states.filter((state) => {
      const back = state.name === 'idle' ? 'listen' : 'reconnect';
      const next = follow(state, { type: back }, turn).name;
      return !['waiting', 'live', 'refreshing'].includes(next);
    });
    expect(stuck).toEqual([]);
  });

  it('opens nothing by itself once it has stopped, ended or been refused', () => {
    const over = states.filter(({ name }) =>
      ['disconnected', 'completed', 'unauthorized', 'error'].includes(name),
    );
    expect(over.length).toBeGreaterThanOrEqual(4);
    for (const state of over) {
      for (const event of EVENTS) {
        if (event.type === 'reconnect' || event.type === 'disconnect') continue;
        expect(follow(state, event, turn)).toBe(state);
      }
    }
  });

  // (invariant: one-token-refresh)
  it('asks for a new token once, and again only after a healthy while', () => {
    const refresh: WatchEvent = { type: 'failed', loss: { advice: 'refresh', error } };
    const after = (...events: readonly WatchEvent[]): WatchState =>
      events.reduce<WatchState>((state, event) => follow(state, event, turn), { name: 'idle' });
    const live = after({ type: 'listen' }, refresh, { type: 'renewed' }, { type: 'answered' });
    expect(live.name).toBe('live');
    expect(follow(live, refresh, turn).name).toBe('unauthorized');
    expect(follow(live, refresh, { ...turn, now: 105_000 }).name).toBe('refreshing');
  });
});
