import { describe, expect, it } from 'vitest';
import { shows, useFixture } from './support/fixture.js';

declare global {
  interface Window {
    /** Whether the page was restored from the cache when it was last shown. */
    persisted: boolean;
  }
}

const init = `addEventListener('pageshow', ({ persisted }) => Object.assign(window, { persisted }));`;

/** Navigates to another page of the site and back; a page from the cache is shown, but not loaded. */
async function leaveAndComeBack(
  { page: { page } }: ReturnType<typeof useFixture>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const left = page.url();
  await page.goto(new URL('elsewhere', left).href);
  await meanwhile();
  await page.evaluate(() => {
    history.back();
  });
  await page.waitForURL(left, { waitUntil: 'commit' });
}

describe('Returning to a page', () => {
  describe('out of the back-forward cache', () => {
    const f = useFixture({ backForwardCache: true, init });

    it('goes on from what it showed, with one new socket and what was missed, each event once', async () => {
      await f.run();
      const seen = await f.follow();
      await seen.until(shows(25));
      await leaveAndComeBack(f, f.startPhase3);
      await expect.poll(() => f.page.page.evaluate(() => window.persisted)).toBe(true);
      await seen.until(shows(50));
      await seen.reaches('connected');
      expect(seen.names).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
      expect(seen.percents).toEqual([25, 50]);
      expect(seen.events).toEqual(['phase-started 3']);
      expect(f.faults.upgrades).toBe(2);
      await expect.poll(() => f.faults.openSockets).toBe(1);
    });
  });

  describe('after the browser had thrown it out of the cache', () => {
    const f = useFixture({ init });

    it('shows what this tab remembers before anything is heard, and then the truth', async () => {
      await f.run();
      const first = await f.follow();
      await first.until(shows(25));
      await leaveAndComeBack(f, async () => {
        await expect.poll(() => f.faults.openSockets).toBe(0);
        await f.startPhase3();
        await f.link.refuse();
      });
      await expect.poll(() => f.page.page.evaluate(() => window.persisted)).toBe(false);
      await f.page.page.waitForFunction('typeof window.follow === "function"');
      const again = await f.follow();
      expect(again.knowledge).toBe('remembered');
      expect(again.progress?.progressPercent).toBe(25);
      await f.link.restore();
      await again.until(shows(50));
      expect(again.knowledge).toBe('confirmed');
      expect(again.events).toEqual(['phase-started 3']);
    });
  });
});
