/** The example apps as their readers use them: packed packages, the framework's tools, a real server, a real browser. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReporter } from '../../server/reporter/index.js';
import { freePort } from '../support/daemon.js';
import { createTemporaryDirectory } from '../support/temporary-directory.js';
import { complaintsOf, keepScreenshot, startChromium } from '../e2e/support/chromium.js';
import { startServe } from '../e2e/support/demo-process.js';
import { token } from '../e2e/support/watching.js';
import { buildHost, packWidget, type HostName } from './built-app.js';
import { serveHost } from './app-server.js';

const HOSTS: readonly HostName[] = ['html', 'vue', 'react', 'angular'];
/** The first run downloads and installs everything. */
const INSTALL_MS = 600_000;

let browser: Browser;

beforeAll(async () => {
  await packWidget();
  browser = await startChromium();
}, INSTALL_MS);
afterAll(() => browser.close());

/** How many sockets of the page are open. */
function countSockets(page: Page): { readonly open: number; readonly opened: number } {
  const count = { open: 0, opened: 0 };
  page.on('websocket', (socket) => {
    count.open += 1;
    count.opened += 1;
    socket.on('close', () => (count.open -= 1));
  });
  return count;
}

describe.each(HOSTS)('%s', (name) => {
  let folder: string;
  beforeAll(async () => {
    folder = await buildHost(name);
  }, INSTALL_MS);

  it('sees a run through, a restart of the server among it, and leaves no socket when it is unmounted', async () => {
    using data = createTemporaryDirectory();
    const options = { dataDir: data.path, env: { PORT: String(await freePort()), CORS_ORIGINS: '*' } };
    const server = startServe(options);
    const endpoint = `${await server.url}/graphql`;
    const reporter = createReporter({ endpoint, token, projectId: 'library' });
    const run = await reporter.startIngestion();

    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    const sockets = countSockets(page);
    await page.goto(await serveHost({ folder, endpoint, projectId: 'library', token: () => token }));
    const bar = page.getByRole('progressbar').first();
    await run.emitPhaseStarted(1, 'Counting books');
    await page.getByText('Counting books').first().waitFor();
    await run.emitPhaseStarted(2, 'Reading books');
    run.emitProgressUpdate(2, 60, { itemsProcessed: 6, itemsTotal: 10 });
    await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('40');
    // Also React's page, which has an element and a hook.
    expect(sockets).toEqual({ open: 1, opened: 1 });
    expect(complaints).toEqual([]);

    server.signal('SIGTERM');
    await server.ended;
    await expect.poll(() => sockets.open).toBe(0);
    expect(await bar.getAttribute('aria-valuenow')).toBe('40');
    await startServe(options).url;
    await run.emitPhaseStarted(3, 'Weighing books');
    await page.getByText('Weighing books').first().waitFor({ timeout: 60_000 });
    await run.emitComplete({ itemsProcessed: 10, itemsFailed: 0 });
    await page.getByText('Result: SUCCESS, 10 items').waitFor();
    await page.getByText('Completed', { exact: true }).waitFor();
    if (name === 'react') {
      await expect.poll(() => page.locator('#hook').textContent(), { timeout: 60_000 }).toBe('100%');
    }
    await keepScreenshot(page, `host-${name}`);

    await page.getByRole('button', { name: 'Hide' }).click();
    await expect.poll(() => sockets.open, { timeout: 10_000 }).toBe(0);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('Completed', { exact: true }).waitFor();
    await page.close();
    reporter.dispose();
  }, 120_000);
});
