/** The element on a page in Chromium behind nginx, while one server after the other is killed and restarted. */
import { copyFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReporter } from '../../server/reporter/index.js';
import { serveHost } from '../frameworks/app-server.js';
import { createTemporaryDirectory } from '../support/temporary-directory.js';
import { tokenFor } from '../support/tokens.js';
import { recordBar } from '../e2e/support/bar.js';
import { complaintsOf, keepScreenshot, startChromium } from '../e2e/support/chromium.js';
import { startDeployment } from './deployment.js';
import type { Deployment } from './deployment.js';

const PROJECT = 'library';
const ITEMS = 40;
/** A client's backoff, on a busy machine. */
const RECOVERY_MS = 60_000;

let browser: Browser;
let deployment: Deployment;

beforeAll(async () => {
  browser = await startChromium();
  // The page has another origin than nginx, so nginx must forward the Origin header.
  deployment = await startDeployment('page-behind-nginx', { CORS_ORIGINS: '*' });
}, 180_000);
afterAll(async () => {
  await browser.close();
  await deployment.dispose();
}, 60_000);

test(
  'a page follows an ingestion to its end while its server is killed, and its bar never goes back',
  async () => {
    using folder = createTemporaryDirectory();
    cpSync('examples/html', folder.path, { recursive: true });
    const bundle = 'ingestion-progress.bundle.js';
    copyFileSync(join('widget/dist', bundle), join(folder.path, bundle));
    const { endpoint, parts } = deployment;
    const token = () => tokenFor({ projects: [PROJECT] });
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    let sockets = 0;
    page.on('websocket', () => (sockets += 1));

    const reporter = createReporter({
      endpoint,
      projectId: PROJECT,
      token: tokenFor({ scope: 'progress:write' }),
    });
    const run = await reporter.startIngestion();
    await page.goto(await serveHost({ folder: folder.path, endpoint, projectId: PROJECT, token }));
    const bar = page.getByRole('progressbar').first();
    const recording = await recordBar(page);
    let item = 0;
    const reportUntilShown = async (percent: number) => {
      const goal = (percent / 100) * ITEMS;
      for (; item < goal; item += 1) {
        const phase = Math.floor((item / ITEMS) * 4) + 1;
        const done = ((item + 1) / ITEMS) * 4 - (phase - 1);
        run.emitProgressUpdate(phase, done * 100, { itemsProcessed: item + 1, itemsTotal: ITEMS });
      }
      await expect
        .poll(() => bar.getAttribute('aria-valuenow'), { timeout: RECOVERY_MS })
        .toBe(String(percent));
    };

    await reportUntilShown(20);
    expect(sockets).toBe(1);
    expect(complaints).toEqual([]);
    // The server that the page uses is killed at least once.
    for (const [name, before, after] of [
      ['server-1', 30, 40],
      ['server-2', 50, 60],
    ] as const) {
      const server = parts.get(name);
      await server?.kill();
      await reportUntilShown(before);
      await server?.start();
      await reportUntilShown(after);
    }
    expect(sockets).toBeGreaterThan(1);
    await reportUntilShown(90);
    await run.emitComplete({ itemsProcessed: ITEMS, itemsFailed: 0 });
    await page.getByText(`Result: SUCCESS, ${ITEMS} items`).waitFor({ timeout: RECOVERY_MS });
    await page.getByText('Completed', { exact: true }).waitFor();
    await keepScreenshot(page, 'page-behind-nginx');

    const { percents, statuses } = await recording.stop();
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
    expect(statuses.filter((status) => status !== 'PENDING')).toEqual(['RUNNING', 'COMPLETED']);
    reporter.dispose();
    await page.close();
  },
  4 * RECOVERY_MS,
);
