import { describe, expect, it } from 'vitest';
import { tokenFor } from '../../widget/support/real-server.js';
import { shows, useFixture } from './support/fixture.js';
import type { ObservedClient } from './support/browser.js';

const f = useFixture();

describe('Fifty clients on one page', () => {
  it('share one socket, each with its own project, and give it back when the last has gone', async () => {
    const token = tokenFor({ expiresInSeconds: 3_600 });
    const names = Array.from({ length: 50 }, (_, index) => `${f.projectId}-${String(index)}`);
    const all: ObservedClient[] = [];
    for (const projectId of names) {
      await f.server.emitter.emitPhaseStarted(projectId, 1, 'Reading');
      await f.server.emitter.emitPhaseStarted(projectId, 2, 'Extracting');
      all.push(await f.follow({ projectId, token }));
    }
    for (const seen of all) await seen.until(shows(25));
    expect(f.faults.upgrades).toBe(1);
    expect(f.faults.openSockets).toBe(1);
    await f.page.page.evaluate(() => {
      for (const client of window.clients.slice(1)) client.dispose();
    });
    await f.server.emitter.emitPhaseStarted(names[0] ?? '', 3, 'Thinking');
    await all[0]?.until(shows(50));
    expect(f.faults.openSockets).toBe(1);
    await f.page.page.evaluate(() => window.clients[0]?.dispose());
    await expect.poll(() => f.faults.openSockets).toBe(0);
    for (const seen of all) expect(seen.names).toEqual(['connecting', 'connected']);
  });

  it('all come back over one socket, in one attempt', async () => {
    const token = tokenFor({ expiresInSeconds: 3_600 });
    const all: ObservedClient[] = [];
    for (let index = 0; index < 50; index += 1) {
      all.push(await f.follow({ projectId: `${f.projectId}-${String(index)}`, token }));
    }
    for (const seen of all) await seen.reaches('connected');
    f.link.cut();
    for (const seen of all) await seen.reaches('reconnecting 0 waiting');
    await f.page.advance(1_000);
    for (const seen of all) await seen.reaches('connected');
    expect(f.faults.upgrades).toBe(2);
  });

  it('do not share where their tokens differ', async () => {
    const [anna, ben] = ['anna', 'ben'].map((sub) => tokenFor({ sub, expiresInSeconds: 3_600 }));
    const first = await f.follow({ token: anna });
    const second = await f.follow({ token: ben });
    await first.reaches('connected');
    await second.reaches('connected');
    expect(f.faults.upgrades).toBe(2);
  });
});
