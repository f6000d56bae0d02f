import { describe, expect, it } from 'vitest';
import { tokenFor } from '../../widget/support/real-server.js';
import { shows, useFixture } from './support/fixture.js';

const f = useFixture({
  clock: true,
  init: `window.hidden_ = false;
    Object.defineProperty(document, 'visibilityState', { get: () => (window.hidden_ ? 'hidden' : 'visible') });`,
});
const hide = (hidden: boolean): Promise<void> =>
  f.page.page.evaluate((value) => {
    Object.assign(window, { hidden_: value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

// (invariant: client-checks-liveness)
describe('What the person saw, whose', () => {
  it('network went off and on: offline at once, no attempt burnt, then what was missed', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    await f.page.context.setOffline(true);
    f.link.cut();
    await seen.reaches('offline');
    await f.page.advance(50_000);
    await f.startPhase3();
    const { upgrades } = f.faults;
    await f.page.context.setOffline(false);
    await seen.until(shows(50));
    await seen.reaches('connected');
    expect(seen.names).toEqual(['connecting', 'connected', 'offline', 'reconnecting', 'connected']);
    expect(f.faults.upgrades).toBe(upgrades + 1);
    expect(seen.percents).toEqual([25, 50]);
  });

  it('laptop slept for an hour on a socket that died: found out within five seconds', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    f.link.blackhole();
    await f.startPhase3();
    await f.page.page.clock.fastForward(3_600_000);
    await hide(false);
    await f.link.restore();
    await f.page.advance(5_000);
    await seen.reaches('reconnecting');
    await f.page.advance(1_000);
    await seen.until(shows(50));
    await seen.reaches('connected');
    expect(seen.names).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
  });

  it('laptop slept for an hour on a socket that lived: nothing', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    await f.page.page.clock.fastForward(3_600_000);
    await hide(false);
    await f.page.advance(10_000);
    await f.startPhase3();
    await seen.until(shows(50));
    expect(seen.states).toEqual(['connecting', 'connected']);
    expect(f.faults.upgrades).toBe(1);
  });

  it('tab was hidden, its timers fired once a minute: the socket survives, the ending arrives', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    await hide(true);
    // Each jump fires due timers once, and late, as in a throttled tab.
    for (let minute = 0; minute < 10; minute += 1) await f.page.page.clock.fastForward(60_000);
    await f.server.emitter.emitComplete(f.projectId, { itemsProcessed: 3 });
    await seen.until(shows(100));
    for (let minute = 0; minute < 10; minute += 1) await f.page.page.clock.fastForward(60_000);
    expect(seen.events).toEqual(['complete']);
    expect(seen.names.slice(0, 2)).toEqual(['connecting', 'connected']);
    expect(seen.names).not.toContain('reconnecting');
    expect(f.faults.upgrades).toBe(1);
  });

  it('tab was hidden while polling: polls every half minute, and at once when shown', async () => {
    await f.run();
    const seen = await f.follow({ transport: 'polling' });
    await seen.until(shows(25));
    await hide(true);
    await f.page.advance(2_000);
    const { requests } = f.faults;
    await f.page.advance(60_000);
    expect(f.faults.requests - requests).toBeLessThanOrEqual(3);
    await f.startPhase3();
    await hide(false);
    await seen.until(shows(50));
    expect(seen.names).toEqual(['connecting', 'polling']);
  });

  it('page came out of the back-forward cache with a dead socket: checked at once', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    f.link.blackhole();
    await f.page.advance(1_000);
    await f.page.page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await f.page.advance(5_000);
    await seen.reaches('reconnecting');
    expect(seen.names).toEqual(['connecting', 'connected', 'reconnecting']);
  });
});

describe('Coming back', () => {
  const reload = async (): Promise<void> => {
    await f.page.page.reload();
    await f.page.page.waitForFunction('typeof window.follow === "function"');
  };

  it('after a reload shows what was known at once, not yet confirmed, and then the truth', async () => {
    await f.run();
    const first = await f.follow();
    await first.until(shows(25));
    await f.link.refuse();
    await reload();
    await f.startPhase3();
    const again = await f.follow();
    expect(again.knowledge).toBe('remembered');
    expect(again.progress?.progressPercent).toBe(25);
    await f.link.restore();
    await f.page.advance(1_000);
    await again.until(shows(50));
    expect(again.knowledge).toBe('confirmed');
    expect(again.percents).toEqual([25, 50]);
    expect(again.events).toEqual(['phase-started 3']);
  });

  it('as somebody else shows nothing of what the first one saw, and wipes it', async () => {
    await f.run();
    const first = await f.follow();
    await first.until(shows(25));
    await f.link.refuse();
    await reload();
    const other = await f.follow({ token: tokenFor({ sub: 'ben', expiresInSeconds: 3_600 }) });
    expect(other.progress).toBeNull();
    expect(other.knowledge).toBe('none');
    const kept = await f.page.page.evaluate(() => JSON.stringify({ ...sessionStorage }));
    expect(kept).not.toContain('project-');
  });

  it('within the page shows the last state at once, over the same socket', async () => {
    await f.run();
    const first = await f.follow();
    await first.until(shows(25));
    await f.page.page.evaluate(() => window.clients[0]?.dispose());
    const again = await f.follow();
    expect(again.progress?.progressPercent).toBe(25);
    await again.reaches('connected');
    expect(again.names).not.toContain('reconnecting');
    expect(again.percents).toEqual([25]);
  });
});
