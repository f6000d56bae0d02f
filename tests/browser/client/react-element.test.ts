import { expect, it } from 'vitest';
import { tokenFor } from '../../widget/support/real-server.js';
import { useFixture } from './support/fixture.js';
import type { HydratedPageOptions } from './support/page-hydrated.js';

const f = useFixture({ clock: false, script: 'page-hydrated.tsx' });

const hydrate = (define: HydratedPageOptions['define']): Promise<void> =>
  f.page.page.evaluate((options) => window.hydrate(options), {
    endpoint: f.endpoint,
    token: tokenFor({ expiresInSeconds: 3_600 }),
    projectId: f.projectId,
    define,
  });
const text = async (): Promise<string> => (await f.page.page.locator('p').first().textContent()) ?? '';
const inElement = (): Promise<string | null | undefined> =>
  f.page.page.evaluate(() => document.querySelector('.bar')?.shadowRoot?.textContent);

it.each(['before', 'after'] as const)(
  'has its properties and listeners after hydration, if it was defined %s it, over the socket of the hook',
  async (define) => {
    await f.run();
    await hydrate(define);
    await expect.poll(text).toContain('connected');
    await expect.poll(inElement).toContain('25%');
    const heard = await f.page.page.evaluate(() => window.heard);
    expect(heard).toEqual(['connecting', 'connected']); // nothing without a token
    await f.page.page.evaluate(() => {
      for (let count = 0; count < 10; count += 1) window.rerender();
    });
    await expect.poll(text).toContain('10');
    await f.startPhase3();
    await expect.poll(inElement).toContain('50%');
    expect(f.faults.upgrades).toBe(1);
  },
);
