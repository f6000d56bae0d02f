/** The shipped bundle in Debian's Firefox, driven over WebDriver BiDi, on a real server. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProgressServer } from '@ingestion-progress/server';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, tokenFor } from '../../widget/support/real-server.js';

const BUNDLE = 'widget/dist/ingestion-progress.bundle.js';
const PATIENCE_MS = 30_000;

let host: Server;
let server: ProgressServer;
let browser: Browser;

beforeAll(async () => {
  const bundle = readFileSync(BUNDLE);
  host = createServer(({ url }, response) => {
    const isBundle = url === '/bundle.js';
    response.setHeader('content-type', isBundle ? 'text/javascript' : 'text/html');
    response.end(isBundle ? bundle : '<!doctype html><html lang="en"><title>Host</title></html>');
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  server = await startServer({ corsOrigins: ['*'] });
  browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env['FIREFOX_PATH'] ?? '/usr/bin/firefox-esr',
  });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await server.close();
  await new Promise((resolve) => host.close(resolve));
});

/** Waits until the element contains this text. */
async function says(page: Page, words: string): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      document.querySelector('ingestion-progress')?.shadowRoot?.textContent?.includes(wanted) === true,
    { timeout: PATIENCE_MS },
    words,
  );
}

describe('In Firefox', () => {
  test('the element follows a run to its end, and fires its events', async () => {
    const page = await browser.newPage();
    const complaints: unknown[] = [];
    page.on('pageerror', (error) => complaints.push(error));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warn') complaints.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${String((host.address() as AddressInfo).port)}/`);
    await page.evaluate(
      (settings) => {
        const script = document.createElement('script');
        Object.assign(script, { type: 'module', src: '/bundle.js' });
        const element = document.createElement('ingestion-progress');
        for (const [name, value] of Object.entries(settings)) element.setAttribute(name, value);
        element.addEventListener('ingestion-complete', ({ detail }) => {
          document.title = `completed ${String(detail.result.itemsProcessed)}`;
        });
        document.body.append(script, element);
      },
      { endpoint: `${server.url}/graphql`, 'project-id': 'p1', token: tokenFor() },
    );
    await says(page, 'No ingestions yet');

    const { emitter } = server;
    await emitter.emitPhaseStarted('p1', 1, 'Reading the folder');
    await says(page, 'Reading the folder');
    await emitter.emitPhaseStarted('p1', 2, 'Extracting text');
    emitter.emitProgressUpdate('p1', 2, 50, { itemsProcessed: 2105, itemsTotal: 4210 });
    await says(page, '2,105 of 4,210');
    const bar = await page.evaluate(() => {
      const part = (name: string) => [
        ...(document
          .querySelector('ingestion-progress')
          ?.shadowRoot?.querySelectorAll<HTMLElement>(`[part~="${name}"]`) ?? []),
      ];
      return {
        value: part('track')[0]?.getAttribute('aria-valuetext'),
        fills: part('fill').map((fill) => fill.style.getPropertyValue('--_fill')),
        isInColumns: new Set(part('phase').map((phase) => phase.getBoundingClientRect().top)).size === 1,
      };
    });
    expect(bar).toEqual({
      value: 'Phase 2 of 4, Extraction, 37%',
      fills: ['100%', '50%', '0%', '0%'],
      isInColumns: true,
    });

    await emitter.emitComplete('p1', { itemsProcessed: 4210, itemsFailed: 0 });
    await says(page, 'Completed');
    expect(await page.title()).toBe('completed 4210');
    expect(complaints).toEqual([]);
    await page.close();
  }, 60_000);
});
