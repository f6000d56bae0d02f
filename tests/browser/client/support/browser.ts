/** Pages in a real Chromium that follow ingestions, and what a user would see on them, as lists. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Connection, Progress, Snapshot } from '../../../../widget/client/index.js';
import { word } from '../../../widget/support/states.js';
import { trackRequests, waitForRequests } from './pending-requests.js';
import type { PageClientOptions, PageMessage } from './page-client.js';

type ShownSnapshot = Pick<Snapshot, 'connection' | 'progress' | 'knowledge'>;

/** One client on a page, as the user sees it. */
export interface ObservedClient {
  /** The connection's states in order, each change once. */
  readonly states: readonly string[];
  /** The same without attempts. */
  readonly names: readonly string[];
  readonly events: readonly string[];
  readonly warnings: readonly unknown[];
  /** Overall percents in order, each change once. */
  readonly percents: readonly (number | null)[];
  readonly connection: Connection;
  readonly progress: Progress | null;
  readonly knowledge: Snapshot['knowledge'];
  /** Resolves once the shown snapshot matches, or at once if it already does. */
  until(fits: (now: ShownSnapshot) => boolean): Promise<void>;
  /** Resolves once the connection is in this state, or shown by this word, such as `reconnecting 1 waiting`. */
  reaches(state: string): Promise<void>;
}

/** A page under the control of a test. */
export interface ClientPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Returns the tokens that the page requests. */
  onToken: (force: boolean) => string | Promise<string>;
  readonly tokenRequests: readonly boolean[];
  /** Uncaught errors on the page: there must be none. */
  readonly errors: readonly string[];
  follow(options: PageClientOptions): Promise<ObservedClient>;
  /** Advances the page's clock, a second at a time, and waits for the requests of each second. */
  advance(ms: number): Promise<void>;
  /** Advances until the client's connection is in the state; fails after `mostMs` of the page's time. */
  advanceUntil(seen: ObservedClient, state: Connection['state'], mostMs: number): Promise<void>;
}

/** Chromium, and a server of empty pages. */
export interface BrowserHarness extends AsyncDisposable {
  /** With `clock`, the page's clock only moves by `advance`. */
  open(options?: { readonly clock?: boolean; readonly init?: string }): Promise<ClientPage>;
}

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Starts both; each page loads `script`. Playwright disables the back-forward cache by default. */
export async function createBrowserHarness(
  script = 'page-client.ts',
  backForwardCache = false,
): Promise<BrowserHarness> {
  const built = await build({
    entryPoints: [new URL(script, import.meta.url).pathname],
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['source'],
  });
  const bundle = built.outputFiles[0]?.text ?? '';
  const pages = createServer((request, response) => {
    const isScript = request.url === '/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? bundle : '<!doctype html><script type="module" src="/client.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  const origin = `http://127.0.0.1:${String((pages.address() as AddressInfo).port)}/`;
  const browser: Browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ARGUMENTS,
    ...(backForwardCache && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  });

  return {
    async open({ clock = false, init } = {}) {
      const context = await browser.newContext();
      const page = await context.newPage();
      if (clock) {
        await page.clock.install({ time: new Date() });
        await trackRequests(page);
      }
      if (init !== undefined) await page.addInitScript(init);
      const seen = new Map<number, ObservedClientSink>();
      const tokenRequests: boolean[] = [];
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.exposeFunction('report', ([client, what, value]: PageMessage) => {
        observedClient(client).record(what, value);
      });
      const observedClient = (client: number): ObservedClientSink => {
        const known = seen.get(client) ?? createObservedClient();
        seen.set(client, known);
        return known;
      };
      const step = async (ms: number): Promise<void> => {
        await page.clock.runFor(ms);
        await waitForRequests(page);
      };
      const clientPage: ClientPage = {
        page,
        context,
        onToken: () => '',
        tokenRequests,
        errors,
        async follow(options) {
          const client = await page.evaluate((given) => window.follow(given), options);
          return observedClient(client);
        },
        async advance(ms) {
          for (let left = ms; left > 0; left -= 1_000) await step(Math.min(left, 1_000));
        },
        async advanceUntil(client, state, mostMs) {
          for (let passed = 0; passed < mostMs && client.connection.state !== state; passed += 500) {
            await step(500);
          }
          await client.reaches(state);
        },
      };
      await page.exposeFunction('fetchToken', (force: boolean) => {
        tokenRequests.push(force);
        return clientPage.onToken(force);
      });
      await page.goto(origin);
      await page.waitForFunction('typeof (window.follow ?? window.mount ?? window.hydrate) === "function"');
      if (clock) await page.clock.pauseAt(Date.now() + 1_000);
      return clientPage;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      pages.closeAllConnections();
      pages.close();
      await once(pages, 'close');
    },
  };
}

interface ObservedClientSink extends ObservedClient {
  record(what: PageMessage[1], value: unknown): void;
}

function createObservedClient(): ObservedClientSink {
  const states: string[] = [];
  const events: string[] = [];
  const warnings: unknown[] = [];
  const percents: (number | null)[] = [];
  let now: ShownSnapshot = { connection: { state: 'idle' }, progress: null, knowledge: 'none' };
  const waiting = new Set<() => void>();
  return {
    states,
    get names() {
      const names = states.map((state) => state.split(' ')[0] ?? '');
      return names.filter((name, index) => index === 0 || name !== names[index - 1]);
    },
    events,
    warnings,
    percents,
    get connection() {
      return now.connection;
    },
    get progress() {
      return now.progress;
    },
    get knowledge() {
      return now.knowledge;
    },
    until: (fits) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!fits(now)) return;
          waiting.delete(check);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`Never seen. States: ${states.join(' > ')}`));
        }, 30_000);
        waiting.add(check);
        check();
      }),
    reaches(state) {
      return this.until(({ connection }) => connection.state === state || word(connection) === state);
    },
    record(what, value) {
      if (what === 'event') events.push(String(value));
      else if (what === 'warning') warnings.push(value);
      else {
        now = value as ShownSnapshot;
        const state = word(now.connection);
        if (states.at(-1) !== state) states.push(state);
        const percent = now.progress?.progressPercent ?? null;
        if (now.progress !== null && percents.at(-1) !== percent) percents.push(percent);
      }
      for (const check of [...waiting]) check();
    },
  };
}
