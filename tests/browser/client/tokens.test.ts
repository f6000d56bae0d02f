import { describe, expect, it } from 'vitest';
import { tokenFor } from '../../widget/support/real-server.js';
import { shows, useFixture } from './support/fixture.js';

const f = useFixture();

// (invariant: one-token-refresh)
describe('What the person saw while the token', () => {
  it('ran out in mid-run and could be renewed: nothing', async () => {
    await f.run();
    f.page.onToken = () => tokenFor({ expiresInSeconds: 60 });
    const seen = await f.follow({ requestsToken: true });
    await seen.until(shows(25));
    await f.page.advance(47_000);
    expect(f.page.tokenRequests).toEqual([false]);
    await f.page.advance(2_000);
    await expect.poll(() => f.page.tokenRequests).toEqual([false, true]);
    await f.startPhase3();
    await seen.until(shows(50));
    expect(seen.states).toEqual(['connecting', 'connected']);
    expect(f.faults.upgrades).toBe(1);
  });

  it('ran out while the page slept: a moment of reconnecting', async () => {
    await f.run();
    // On the page's clock no time passes, so that it does not refresh; on the server's the token expires.
    f.page.onToken = (force) => tokenFor({ expiresInSeconds: force ? 60 : 4 });
    const seen = await f.follow({ requestsToken: true });
    await seen.until(shows(25));
    // The client spreads its return over some seconds of the page's clock.
    await seen.until(() => seen.names.at(-1) === 'reconnecting');
    await f.page.advance(5_000);
    await seen.until(() => f.page.tokenRequests.length === 2 && seen.states.at(-1) === 'connected');
    await f.startPhase3();
    await seen.until(shows(50));
    expect(seen.names).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(f.page.tokenRequests).toEqual([false, true]);
  });

  it('ran out and no good one was to be had: unauthorized, with the bar where it was', async () => {
    await f.run();
    f.page.onToken = (force) => (force ? 'rubbish' : tokenFor({ expiresInSeconds: 4 }));
    const seen = await f.follow({ requestsToken: true });
    await seen.until(() => seen.names.at(-1) === 'reconnecting');
    await f.page.advance(5_000);
    await seen.reaches('unauthorized');
    expect(seen.names).toEqual(['connecting', 'connected', 'reconnecting', 'unauthorized']);
    expect(seen.percents).toEqual([25]);
    expect(seen.connection).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
  });

  for (const skewMinutes of [-5, 5]) {
    it(`was good and the clock ${String(skewMinutes)} minutes wrong: nothing`, async () => {
      await f.run();
      f.page.onToken = () => tokenFor({ expiresInSeconds: 60 });
      await f.page.page.clock.setSystemTime(Date.now() + skewMinutes * 60_000);
      const seen = await f.follow({ requestsToken: true });
      await seen.until(shows(25));
      await f.page.advance(47_000);
      expect(f.page.tokenRequests).toEqual([false]);
      await f.page.advance(2_000);
      await expect.poll(() => f.page.tokenRequests).toEqual([false, true]);
      expect(seen.states).toEqual(['connecting', 'connected']);
    });
  }

  it('expired behind a proxy without WebSockets: polling, and renewed there too', async () => {
    await f.run();
    f.faults.socket = 'block';
    f.page.onToken = (force) => tokenFor({ expiresInSeconds: force ? 60 : 4 });
    const seen = await f.follow({ requestsToken: true, transport: 'polling' });
    await seen.until(shows(25));
    await f.startPhase3();
    for (let passed = 0; passed < 400 && f.page.tokenRequests.length < 2; passed += 1)
      await f.page.advance(1_000);
    await f.page.advance(4_000);
    await seen.until(shows(50));
    expect(seen.names).toEqual(['connecting', 'polling']);
    expect(f.page.tokenRequests).toEqual([false, true]);
  });
});

describe('A getToken that', () => {
  for (const [what, init] of [
    ['throws', '() => { throw new Error("no session") }'],
    ['never answers', '() => new Promise(() => {})'],
    ['returns rubbish', '() => ({ token: 1 })'],
  ] as const) {
    it(`${what} ends in disconnected, with a sentence that says so`, async () => {
      await f.page.page.evaluate((code) => {
        window.fetchToken = new Function(`return ${code}`)() as typeof window.fetchToken;
      }, init);
      const seen = await f.follow({ requestsToken: true });
      for (let passed = 0; passed < 900 && seen.names.at(-1) !== 'disconnected'; passed += 1) {
        await f.page.page.clock.runFor(2_000);
      }
      expect(seen.names).toEqual(['connecting', 'reconnecting', 'disconnected']);
      expect(seen.connection).toMatchObject({ error: { code: 'TOKEN_UNAVAILABLE' } });
      expect(f.faults.upgrades).toBe(0);
    });
  }
});
