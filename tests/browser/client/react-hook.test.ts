import { expect, it } from 'vitest';
import { tokenFor } from '../../widget/support/real-server.js';
import { useFixture } from './support/fixture.js';
import type { ReactPageOptions } from './support/page-react.js';

const f = useFixture({ clock: false, script: 'page-react.tsx' });

const mount = (over: Partial<ReactPageOptions> = {}): Promise<void> =>
  f.page.page.evaluate((options) => window.mount(options), {
    endpoint: f.endpoint,
    token: tokenFor({ expiresInSeconds: 3_600 }),
    projectId: f.projectId,
    ...over,
  });
const text = async (): Promise<string> => (await f.page.page.locator('p').first().textContent()) ?? '';
const texts = (): Promise<string[]> => f.page.page.locator('p').allTextContents();
const reported = (): Promise<string[]> => f.page.page.evaluate(() => window.reported);

it('shows an ingestion to its end under StrictMode, over one socket, and reports completion once', async () => {
  await mount();
  await f.server.emitter.emitPhaseStarted(f.projectId, 1, 'Reading');
  await expect.poll(text).toBe(`${f.projectId} connected 1 - - -`);
  f.server.emitter.emitProgressUpdate(f.projectId, 1, 40);
  await expect.poll(text).toBe(`${f.projectId} connected 1 40 - -`);
  await f.server.emitter.emitComplete(f.projectId, { itemsProcessed: 3 });
  await expect.poll(text).toBe(`${f.projectId} connected 1 100 SUCCESS -`);
  expect(await reported()).toEqual(['complete SUCCESS']);
  expect(f.faults.upgrades).toBe(1);
});

it('closes at completion where it does not follow', async () => {
  await f.run();
  await mount({ follow: false });
  await expect.poll(text).toContain('connected');
  await f.server.emitter.emitComplete(f.projectId, { itemsProcessed: 3 });
  await expect.poll(text).toBe(`${f.projectId} completed 2 100 SUCCESS -`);
  await expect.poll(() => f.faults.openSockets).toBe(0);
  expect(await reported()).toEqual(['complete SUCCESS']);
});

it('goes on with the same socket when a host renders again, and with another project over it', async () => {
  await f.run();
  await f.server.emitter.emitPhaseStarted(`${f.projectId}-b`, 1, 'Reading');
  await mount({ copies: 3 });
  await expect.poll(text).toContain(`${f.projectId} connected`);
  await f.page.page.evaluate(() => {
    for (let count = 0; count < 10; count += 1) window.rerender();
  });
  await f.page.page.evaluate((projectId) => window.showProject(projectId), `${f.projectId}-b`);
  await expect.poll(text).toBe(`${f.projectId}-b connected 1 - - -`);
  expect(f.faults.upgrades).toBe(1);
});

it('opens nothing for a render that React gives up, and one socket for the one that is shown', async () => {
  await f.run();
  await mount({ copies: 3, suspends: true });
  await expect.poll(text).toBe('waiting');
  await f.page.page.evaluate(() => {
    window.rerender();
  });
  expect(f.faults.upgrades).toBe(0);
  await f.page.page.evaluate(() => {
    window.release();
  });
  await expect.poll(text).toBe(`${f.projectId} connected 2 100 - -`);
  await f.server.emitter.emitComplete(f.projectId, { itemsProcessed: 3 });
  await expect.poll(reported).toEqual(Array.from({ length: 3 }, () => 'complete SUCCESS'));
  expect(f.faults.upgrades).toBe(1);
});

it('reports a failure once, and an ingestion that had ended before not at all', async () => {
  const failure = { errorCode: 'SOURCE_UNREACHABLE', message: 'No answer.', recoverable: false };
  await f.run();
  await mount();
  await expect.poll(text).toBe(`${f.projectId} connected 2 100 - -`);
  await f.server.emitter.emitError(f.projectId, 2, failure);
  await expect.poll(reported).toEqual(['error SOURCE_UNREACHABLE']);
  await f.page.page.evaluate(() => {
    window.unmount();
    window.reported.splice(0);
  });
  await f.server.emitter.emitPhaseStarted(`${f.projectId}-b`, 1, 'Reading');
  await f.server.emitter.emitComplete(`${f.projectId}-b`, { itemsProcessed: 3 });
  await mount({ projectId: `${f.projectId}-b` });
  await expect.poll(text).toContain('SUCCESS');
  expect(await reported()).toEqual([]);
});

it('gives the socket back when it is unmounted', async () => {
  await mount({ copies: 5 });
  await expect.poll(text).toContain('connected');
  expect(f.faults.openSockets).toBe(1);
  await f.page.page.evaluate(() => {
    window.unmount();
  });
  await expect.poll(() => f.faults.openSockets, { timeout: 5_000 }).toBe(0);
});

it('reports a connection that stopped, once', async () => {
  await mount({ token: 'rubbish' });
  await expect.poll(text).toBe('- unauthorized - - - UNAUTHENTICATED');
  expect(await reported()).toEqual(['connection UNAUTHENTICATED']);
});

it('reports once, even under StrictMode, a connection that stopped before the first listener', async () => {
  await mount({ projectId: '..' });
  await expect.poll(text).toBe('- error - - - PROJECT_ID_INVALID');
  await expect.poll(reported).toEqual(['connection PROJECT_ID_INVALID']);
});

it('shares one socket where hooks without a provider are given the same function, also a next one', async () => {
  await f.run();
  await mount({ copies: 3, standalone: 'same' });
  await expect.poll(texts).toEqual(Array(3).fill(`${f.projectId} connected 2 100 - -`));
  await f.page.page.evaluate(() => {
    window.changeGetToken(3);
  });
  await f.startPhase3();
  await expect.poll(texts).toEqual(Array(3).fill(`${f.projectId} connected 3 100 - -`));
  expect(f.faults.upgrades).toBe(1);
  expect(await f.page.page.evaluate(() => window.requestedTokens)).toEqual(['one']);
});

it('parts from the others where it alone is given another function', async () => {
  await f.run();
  await mount({ copies: 3, standalone: 'same' });
  await expect.poll(texts).toEqual(Array(3).fill(`${f.projectId} connected 2 100 - -`));
  await f.page.page.evaluate(() => {
    window.changeGetToken(1);
  });
  await expect.poll(() => f.faults.openSockets).toBe(2);
  await expect.poll(texts).toEqual(Array(3).fill(`${f.projectId} connected 2 100 - -`));
  expect(await f.page.page.evaluate(() => window.requestedTokens)).toEqual(['one', 'another']);
});

it('keeps its socket where its function is a new one at each render', async () => {
  await f.run();
  await mount({ copies: 2, standalone: 'new' });
  await expect.poll(texts).toEqual(Array(2).fill(`${f.projectId} connected 2 100 - -`));
  await f.page.page.evaluate(() => {
    for (let count = 0; count < 10; count += 1) window.rerender();
  });
  await f.startPhase3();
  await expect.poll(texts).toEqual(Array(2).fill(`${f.projectId} connected 3 100 - -`));
  expect(f.faults.upgrades).toBe(2);
});
