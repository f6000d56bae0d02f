/** The published files as hosts load them: the bundle on strict and crowded pages, and the modules in Node. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SAMPLES } from '../../../storybook/samples.js';

const BUNDLE = 'widget/dist/ingestion-progress.bundle.js';
const POLICY = "default-src 'self'; require-trusted-types-for 'script'";

let server: Server;
let browser: Browser;
let base: string;

beforeAll(async () => {
  const bundle = readFileSync(BUNDLE);
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page');
    if (pathname === '/bundle.js') {
      response.setHeader('content-type', 'text/javascript').end(bundle);
    } else if (pathname === '/page.html') {
      if (searchParams.has('strict')) response.setHeader('content-security-policy', POLICY);
      const integrity = `sha384-${createHash('sha384').update(bundle).digest('base64')}`;
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><html lang="en"><title>Host</title>
        <script type="module" src="/bundle.js" integrity="${integrity}"></script>
        <ingestion-progress project-id="p1"></ingestion-progress></html>`);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
});
afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
});

/** A page with the bundle, and its errors and warnings. */
async function open(query: string): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const isOurs = !/Failed to load resource|WebSocket connection/.test(message.text()); // there is no server behind it
    if (isOurs && ['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(`${base}/page.html?${query}`);
  await page.waitForFunction(
    () => document.querySelector('ingestion-progress')?.shadowRoot?.childElementCount,
  );
  return { page, complaints };
}

describe('The bundle', () => {
  test('runs under a strict policy, with its integrity checked', async () => {
    const { page, complaints } = await open('strict');
    const text = await page.evaluate(
      () => document.querySelector('ingestion-progress')?.shadowRoot?.textContent ?? '',
    );
    expect(text).toContain('Loading progress');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('may be loaded twice, each with a Lit of its own', async () => {
    const { page, complaints } = await open('');
    // as a string, since vitest rewrites a dynamic import to something that the page lacks
    const isFirst = await page.evaluate(`(async () => {
      const first = customElements.get('ingestion-progress');
      const copy = await import('/bundle.js?again');
      customElements.define('second-progress', class extends copy.IngestionProgressElement {});
      document.body.append(document.createElement('second-progress'));
      return customElements.get('ingestion-progress') === first && copy.IngestionProgressElement !== first;
    })()`);
    expect(isFirst).toBe(true);
    await page.waitForFunction(() =>
      document.querySelector('second-progress')?.shadowRoot?.textContent?.includes('Missing project-id'),
    );
    expect(complaints.filter((each) => !each.includes('PROJECT_ID_MISSING'))).toEqual([]);
    await page.close();
  });

  test('keeps the licence notes of what is in it', () => {
    expect(readFileSync(BUNDLE, 'utf8')).toMatch(/\/\*! .*lit [\d.]+ \(BSD-3-Clause\).*\*\/\s*$/);
    const notices = readFileSync('widget/dist/ingestion-progress.bundle.LICENSES.txt', 'utf8');
    expect(notices).toContain('Redistribution and use in source and binary forms');
    expect(notices).toContain('Copyright (c) 2017 Google LLC');
  });
});

/** Controls a hundred elements; `update` resolves with the ms until all were rendered and laid out. */
interface Crowd {
  update(percent: number): Promise<number>;
  readonly longTasks: number[];
  shownPercents(): (string | null | undefined)[];
}

describe('A hundred elements on a page', () => {
  test('all show the newest state after each update, while the page scrolls; what that costs is printed', async () => {
    const ROUNDS = 20;
    const { page } = await open('');
    await page.evaluate(async (progress) => {
      document.body.replaceChildren();
      const listeners = new Set<() => void>();
      const shown = { connection: { state: 'connected' }, knowledge: 'confirmed', scopes: null, progress };
      let snapshot: unknown = { ...shown, serverTime: progress.updatedAt, receivedAt: 0 };
      const client = {
        getSnapshot: () => snapshot,
        subscribe: (listener: () => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        on: () => () => undefined,
        monotonicNow: () => 0,
      };
      const elements = Array.from({ length: 100 }, () => {
        const element = document.createElement('ingestion-progress');
        Object.assign(element, { client });
        document.body.append(element);
        return element;
      });
      const crowd: Crowd = {
        longTasks: [],
        update: async (percent) => {
          const pausedAt = performance.now();
          while (performance.now() - pausedAt < 120) {
            scrollBy(0, 40); // past the pace of renders
            await new Promise(requestAnimationFrame);
          }
          snapshot = {
            ...shown,
            progress: { ...progress, progressPercent: percent },
            serverTime: 1,
            receivedAt: 0,
          };
          const startedAt = performance.now();
          for (const listener of listeners) listener();
          await Promise.all(elements.map((element) => element.updateComplete));
          document.body.getBoundingClientRect(); // the layout that a scroll would wait for
          return performance.now() - startedAt;
        },
        shownPercents: () =>
          elements.map((element) =>
            element.shadowRoot?.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow'),
          ),
      };
      Object.assign(window, { crowd });
      await crowd.update(1); // the first drawing of all is no update
      new PerformanceObserver((list) => {
        crowd.longTasks.push(...list.getEntries().map(({ duration }) => duration));
      }).observe({ type: 'longtask' });
    }, SAMPLES.running);

    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const cpuMs = async () => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000;
    };
    const before = await cpuMs();
    const { times, longTasks, shownPercents } = await page.evaluate(async (rounds) => {
      const { crowd } = window as unknown as { crowd: Crowd };
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) times.push(await crowd.update(30 + round));
      return { times, longTasks: crowd.longTasks, shownPercents: crowd.shownPercents() };
    }, ROUNDS);
    const cpu = ((await cpuMs()) - before) / ROUNDS;
    // CPU time is the cost; wall time includes other work of the machine
    console.log(
      `100 elements, one update of each while the page scrolls: ${cpu.toFixed(1)} ms of the page's thread with its frames; ` +
        `by the clock best ${Math.min(...times).toFixed(1)} ms; in ${String(ROUNDS)} updates ${String(longTasks.length)} tasks ` +
        `over 50 ms, longest ${Math.max(0, ...longTasks).toFixed(0)} ms`,
    );
    expect(shownPercents).toEqual(Array.from({ length: 100 }, () => '49'));
    await page.close();
  });
});

describe('In Node, without a page', () => {
  test.each(['', '/define', '/client', '/testing', '/locales/de'])(
    '@ingestion-progress/widget%s loads',
    async (entry) => {
      const script = `await import('@ingestion-progress/widget${entry}')`;
      const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
      expect(stderr).toBe('');
    },
  );
});
