/** The demo as a new user runs it: real processes, a real folder, a real browser. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.js';
import { complaintsOf, keepScreenshot, startChromium } from './support/chromium.js';
import { ROOT, startDemo, startNpm, startServe } from './support/demo-process.js';
import { recordBar } from './support/bar.js';
import { embeddedStoreAt, mongoStore } from './support/stored-state.js';
import { PROJECT, query, rest, watch } from './support/watching.js';

/** A few hundred files of documentation: a few seconds of work. */
const FOLDER = join(ROOT, 'node_modules/rxjs');

let browser: Browser;
let scratch: TemporaryDirectory;
let dataDir: string;

beforeAll(async () => {
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: ROOT, stdio: 'inherit' });
  browser = await startChromium();
}, 120_000);
afterAll(() => browser.close());
beforeEach(() => {
  scratch = createTemporaryDirectory();
  dataDir = join(scratch.path, 'data');
});
afterEach(() => scratch.delete());

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = join(scratch.path, 'folder');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe('npm start', () => {
  it('shows a real ingestion until the bar reaches 100%, and searches what it ingested', async () => {
    const demo = startNpm(['start', '--', FOLDER], { dataDir });
    const url = await demo.url;
    const page = await browser.newPage({ viewport: { width: 960, height: 720 } });
    const complaints = complaintsOf(page);
    await page.goto(url);
    const bar = await recordBar(page);
    await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });

    const { percents, statuses } = await bar.stop();
    expect(percents.at(-1)).toBe(100);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(new Set(percents).size).toBeGreaterThan(2);
    expect(statuses.at(-1)).toBe('COMPLETED');

    await page.getByRole('searchbox').fill('observable');
    await page.locator('#results mark').first().waitFor();
    expect(await page.locator('#found').textContent()).toMatch(/^\d[\d,]* passages$/);
    await keepScreenshot(page, 'folder-ingestion-completed');
    expect(complaints).toEqual([]);

    await page.getByLabel('Folder').fill('src/internal/ajax');
    await page.getByRole('button', { name: 'Ingest again' }).click();
    await page.getByText('/src/internal/ajax').waitFor();
    await page.waitForFunction(() => {
      const watched = document.querySelector('ingestion-progress') as {
        progress?: { result?: { itemsProcessed: number } };
      } | null;
      const items = watched?.progress?.result?.itemsProcessed;
      return items !== undefined && items < 50;
    });
    await page.getByLabel('Folder').fill('../lodash');
    await page.getByRole('button', { name: 'Ingest again' }).click();
    await page.getByText('There is no folder ../lodash under').waitFor();
    await page.close();

    // Ctrl-C also reaches npm and its shell, which the signal ends; the demo's own exit code is tested below.
    demo.signal('SIGINT');
    await demo.ended;
  }, 120_000);

  it('with --once exits after every watcher received the ending; serve then answers the same', async () => {
    const demo = startDemo(['--once', FOLDER], { dataDir });
    const watching = watch(await demo.url);
    const slow = watch(await demo.url);
    expect(await demo.ended).toBe(0);
    const last = watching.events.at(-1);
    expect(last?.__typename).toBe('IngestionComplete');
    expect(slow.events.at(-1)).toEqual(last);
    expect(watching.events.map((event) => event.__typename)).toContain('PhaseStarted');

    const serve = startServe({ dataDir });
    const url = await serve.url;
    expect(await query(url)).toEqual(last?.progress);
    expect(await rest(url)).toEqual(last?.progress);
  }, 60_000);

  it('counts an unreadable file, and completes with errors', async () => {
    const folder = folderOf({ 'fine.md': '# Fine\n\nText.', 'broken.md': 'a\0b' });
    symlinkSync('nowhere', join(folder, 'dangling.md'));
    const demo = startDemo([folder], { dataDir });
    const page = await browser.newPage();
    await page.goto(await demo.url);
    await page.getByText('Completed with errors').waitFor();
    await page.getByText('Unreadable files').click();
    await page.getByText('broken.md: not a text file').waitFor();
    await page.close();
  }, 60_000);

  it('stops when a person cancels it, and can be started again', async () => {
    const demo = startDemo([FOLDER], { dataDir });
    const url = await demo.url;
    const page = await browser.newPage();
    await page.goto(url);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await demo.printed(/^Cancelled\.$/m);
    expect(await query(url)).toMatchObject({ status: 'CANCELLED', result: null });
    await page.getByRole('button', { name: 'Ingest again' }).click();
    await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });
    await page.close();
  }, 60_000);

  it('exits cleanly on Ctrl-C during a run, and marks the ingestion as cancelled', async () => {
    const demo = startDemo([FOLDER], { dataDir });
    const watching = watch(await demo.url);
    await watching.until((event) => event.progress?.currentPhase === 2);
    demo.signal('SIGINT');
    expect(await demo.ended).toBe(0);
    const serve = startServe({ dataDir });
    expect((await query(await serve.url))?.status).toBe('CANCELLED');
  }, 60_000);
});

describe('a demo killed during a run', () => {
  it.each([
    ['the embedded store', embeddedStoreAt],
    ['MongoDB', mongoStore],
  ])(
    'continues from the state stored in %s: marked as interrupted, then retried from the page',
    async (_name, open) => {
      await using store = await open(dataDir);
      const killed = startDemo([FOLDER], { dataDir, env: store.env });
      const watching = watch(await killed.url);
      const seen = await watching.until((event) => event.progress?.currentPhase === 3);
      killed.signal('SIGKILL');
      await killed.ended;

      const stored = await store.read(PROJECT);
      expect(stored?.progress).toMatchObject({ id: seen.progress?.id, status: 'RUNNING' });

      const demo = startDemo([FOLDER], { dataDir, env: store.env });
      const url = await demo.url;
      expect((await query(url))?.progressPercent).toBeGreaterThanOrEqual(
        stored?.progress.progressPercent ?? 100,
      );
      await demo.printed(/was interrupted\. Retry it on the page/);
      // At once if the store's lock proves that the server died; otherwise when its lease has expired.
      const marked = await watch(url).until((event) => event.progress?.status === 'FAILED');
      expect(marked.progress).toMatchObject({
        id: seen.progress?.id,
        currentPhase: stored?.progress.currentPhase,
        error: { errorCode: 'INGESTION_INTERRUPTED', recoverable: true },
      });
      expect(marked.progress?.progressPercent).toBeGreaterThanOrEqual(
        stored?.progress.progressPercent ?? 100,
      );

      const page = await browser.newPage();
      await page.goto(url);
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByText('Completed', { exact: true }).waitFor({ timeout: 60_000 });
      await page.close();
      // The results of the first two phases were kept, so the phases are not repeated.
      expect(await query(url)).toMatchObject({
        retryOf: seen.progress?.id,
        fromPhase: 3,
        status: 'COMPLETED',
      });
    },
    180_000,
  );
});

describe('invalid input', () => {
  it.each([
    ['a missing folder', ['nowhere'], 1, /There is no folder nowhere/],
    ['a file', ['package.json'], 1, /package\.json is a file/],
    ['two folders', ['docs', 'schema'], 2, /Give one folder, not 2/],
    ['an unknown option', ['--twice', 'docs'], 2, /Unknown option --twice/],
  ])('%s gives one sentence and an exit code that is not 0', async (_what, args, code, sentence) => {
    const demo = startDemo(args, { dataDir });
    expect(await demo.ended).toBe(code);
    expect(demo.output).toMatch(sentence);
    expect(demo.output).not.toMatch(/^\s+at /m);
  });

  it('an invalid environment lists every problem', async () => {
    const demo = startDemo(['docs'], { dataDir, env: { PORT: 'many', LOG_LEVEL: 'loud' } });
    expect(await demo.ended).toBe(2);
    expect(demo.output).toMatch(/PORT[^]*LOG_LEVEL|LOG_LEVEL[^]*PORT/);
  });

  it('a port in use gives one sentence', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const demo = startDemo(['docs'], { dataDir, env: { PORT: String(port) } });
    expect(await demo.ended).toBe(1);
    expect(demo.output.trim()).toMatch(new RegExp(`^Port ${port} .*in use.*$`));
    taken.close();
  });

  it('a second process on the same DATA_DIR gives one sentence', async () => {
    const first = startDemo(['docs'], { dataDir });
    await first.url;
    const second = startDemo(['docs'], { dataDir });
    expect(await second.ended).toBe(1);
    expect(second.output.trim().split('\n')).toHaveLength(1);
    expect(second.output).toContain(dataDir);
  });
});
