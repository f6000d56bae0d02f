import { describe, expect, it } from 'vitest';
import {
  WATCH_TABLE,
  transitionWatch,
  type WatchEvent,
  type WatchState,
} from '../../widget/client/watch-machine.js';
import { readSettings } from '../../widget/client/options.js';

const error = { code: 'SOME', message: 'Some.' };
const EVENTS: readonly WatchEvent[] = [
  ...(
    [
      'listen',
      'leave',
      'disconnect',
      'reconnect',
      'data',
      'ended',
      'dormantDue',
      'retryDue',
      'tokenReady',
      'woke',
    ] as const
  ).map((type): WatchEvent => ({ type })),
  ...(['retry', 'refresh', 'deny', 'fatal'] as const).map((policy): WatchEvent => ({
    type: 'failed',
    failure: { policy, error },
  })),
];
const context = {
  ...readSettings({ getToken: () => 'token' }),
  dormantPollIntervalMs: 30_000,
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
        const next = transitionWatch(state, event, { ...context, now });
        const key = JSON.stringify({ ...next, dueAt: 0, since: 'since' in next ? next.since : 0 });
        if (!seen.has(key)) seen.set(key, next);
      }
    }
  }
  return [...seen.values()];
}

describe('The watch machine', () => {
  const states = reachable();

  it('answers every pair, by the same object where the table has no step, and comes to every state', () => {
    for (const state of states) {
      for (const event of EVENTS) {
        const next = transitionWatch(state, event, context);
        if (!Object.hasOwn(WATCH_TABLE[state.name], event.type)) expect(next).toBe(state);
        else expect(Object.keys(WATCH_TABLE)).toContain(next.name);
      }
    }
    expect([...new Set(states.map(({ name }) => name))].sort()).toEqual(Object.keys(WATCH_TABLE).sort());
  });

  it('can continue from every state, by listening or by reconnect', () => {
    const stuck = states.filter((state) => {
      const back = state.name === 'idle' ? 'listen' : 'reconnect';
      const next = transitionWatch(state, { type: back }, context).name;
      return !['pending', 'live', 'refreshing'].includes(next);
    });
    expect(stuck).toEqual([]);
  });

  it('opens nothing by itself once it has stopped, ended or been rejected', () => {
    const over = states.filter(({ name }) =>
      ['disconnected', 'completed', 'unauthorized', 'error'].includes(name),
    );
    expect(over.length).toBeGreaterThanOrEqual(4);
    for (const state of over) {
      for (const event of EVENTS) {
        if (event.type === 'reconnect' || event.type === 'disconnect') continue;
        expect(transitionWatch(state, event, context)).toBe(state);
      }
    }
  });

  // (invariant: one-token-refresh)
  it('refreshes the token once, and again only after it was healthy', () => {
    const refresh: WatchEvent = { type: 'failed', failure: { policy: 'refresh', error } };
    const after = (...events: readonly WatchEvent[]): WatchState =>
      events.reduce<WatchState>((state, event) => transitionWatch(state, event, context), { name: 'idle' });
    const live = after({ type: 'listen' }, refresh, { type: 'tokenReady' }, { type: 'data' });
    expect(live.name).toBe('live');
    expect(transitionWatch(live, refresh, context).name).toBe('unauthorized');
    expect(transitionWatch(live, refresh, { ...context, now: 105_000 }).name).toBe('refreshing');
  });
});
