/**
 * Clients whose tokens ran out while the server was away: when they are back, and what they offer the server meanwhile.
 * (invariant: one-token-refresh)
 */
import { describe, expect, it } from 'vitest';
import type { GetToken } from '../../widget/client/types.js';
import { createManualEnvironment } from './support/manual-environment.js';
import { jwtOf, setup } from './support/setup.js';
import { progressOf } from './support/states.js';

/** Numbers from 0 to 1 that repeat for a seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Login {
  readonly takesMs?: number;
  /** How long it still fails once the server is back. */
  readonly failsForMs?: number;
}

/** Many clients in one page of time, with a server that goes away and comes back. */
function crowd(count: number, { takesMs = 0, failsForMs = 0 }: Login, seed = 1) {
  const environment = createManualEnvironment({ random: randomOf(seed) });
  // The page's own clock is an hour wrong, as clocks are.
  const serverNow = (): number => environment.now() + 3_600_000;
  let isAway = false;
  let isLoginAway = false;
  let backAt = Number.NEGATIVE_INFINITY;
  const expiresAt = serverNow() + 30_000;
  const offeredExpired: number[] = [];
  const opened: number[] = [];
  const known = new WeakSet<object>();
  const since = (): number => environment.monotonicNow() - backAt;
  const getToken: GetToken = async () => {
    if (takesMs > 0) await new Promise<void>((resolve) => environment.setTimer(takesMs, () => resolve()));
    if (isLoginAway || (failsForMs > 0 && (isAway || since() < failsForMs)))
      throw new Error('The login is away.');
    const iat = Math.floor(serverNow() / 1_000);
    // What is asked for before the end has the same end.
    return jwtOf({ sub: 'anna', iat, exp: serverNow() < expiresAt ? expiresAt / 1_000 : iat + 3_600 });
  };
  const expiryOf = (token: string | null): number =>
    (JSON.parse(atob(token?.split('.')[1] ?? '')) as { exp: number }).exp * 1_000;

  const members = Array.from({ length: count }, () => {
    const parts = setup({ getToken }, environment);
    const client = parts.follow({ remember: 'none' });
    client.subscribe(() => undefined);
    return { ...parts, client };
  });
  /** What the server does with sessions that were opened since: it refuses, closes, or acknowledges and sends the state. */
  function serve(): void {
    for (const { webSocket } of members) {
      const session = webSocket.sessions.at(-1);
      if (session?.open !== true || session.targets.length === 0) continue;
      if (isAway) session.play({ close: 1006 });
      else if (expiryOf(session.token) <= serverNow()) {
        if (!known.has(session)) offeredExpired.push(since());
        session.play({ close: 4403 });
      } else if (!known.has(session)) {
        known.add(session);
        opened.push(environment.monotonicNow());
        session.play({
          acknowledge: { expiresAt: expiryOf(session.token), serverTime: serverNow(), scopes: [] },
        });
        session.play({ progress: progressOf() });
      }
    }
  }
  async function run(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 100) {
      await environment.advance(100);
      serve();
    }
  }
  const connected = (): number =>
    members.filter(({ client }) => client.getSnapshot().connection.state === 'connected').length;
  return {
    members,
    offeredExpired,
    opened,
    run,
    connected,
    goAway() {
      isAway = true;
      serve();
    },
    comeBack() {
      isAway = false;
      backAt = environment.monotonicNow();
      opened.length = 0;
    },
    failLogin(fails: boolean) {
      isLoginAway = fails;
    },
    dispose() {
      for (const { client } of members) client.dispose();
    },
  };
}

describe('Clients whose tokens ran out in an outage', () => {
  it.each<[string, Login]>([
    ['answers at once', {}],
    ['takes 2 s', { takesMs: 2_000 }],
    ['fails for 10 s', { failsForMs: 10_000 }],
  ])('are all back within 30 s, and none offers its old token; getToken %s', async (_what, login) => {
    for (const outageMs of [4_000, 20_000]) {
      const all = crowd(100, login, outageMs);
      await all.run(31_000 - outageMs);
      expect(all.connected()).toBe(100);
      all.goAway();
      await all.run(outageMs);
      all.comeBack();
      await all.run(30_000);
      expect(all.connected()).toBe(100);
      expect(all.offeredExpired).toEqual([]);
      all.dispose();
    }
  });

  it('come back spread out if the server closes their live sockets', async () => {
    const all = crowd(100, {});
    await all.run(2_000);
    all.failLogin(true);
    await all.run(27_900);
    all.failLogin(false);
    all.opened.length = 0;
    await all.run(5_000);
    expect(all.connected()).toBe(100);
    expect(Math.max(...all.opened) - Math.min(...all.opened)).toBeGreaterThan(3_000);
    expect(all.offeredExpired).toEqual([]);
    all.dispose();
  });
});
