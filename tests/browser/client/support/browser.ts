/** Real Chromium, and pages in it that follow ingestions: what a person would see there, as lists. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Connection, Progress, Snapshot } from '../../../../widget/client/index.js';
import { word } from '../../../widget/support/states.js';
import { countFlights, landFlights } from './pending-requests.js';
import type { PageClientOptions, Told } from './page-client.js';

type Shown = Pick<Snapshot, 'connection' | 'progress' | 'knowledge'>;

/** One client on a page, as a person sees it. */
export interface Seen {
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
  /** Resolves once what is shown fits; also where it did so already. */
  until(fits: (now: Shown) => boolean): Promise<void>;
  /** Resolves once the connection is in this state, or shown by this word, such as `reconnecting 1 waiting`. */
  reaches(state: string): Promise<void>;
}

/** A page under a test's hand. */
export interface ClientPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Tokens that the page gets when it asks, and whether the call forced a new one. */
  onToken: (force: boolean) => string | Promise<string>;
  readonly tokenRequests: readonly boolean[];
  /** Errors that reached the page: there must be none. */
  readonly errors: readonly string[];
  follow(options: PageClientOptions): Promise<Seen>;
  /** Runs the page's timers for so long, a second at a time, and lets the network answer what each of them asked. */
  pass(ms: number): Promise<void>;
  /** The same until this client's connection is in that state; fails after `mostMs` of the page's time. */
  passUntil(seen: Seen, state: Connection['state'], mostMs: number): Promise<void>;
}

/** Chromium and a server of empty pages. */
export interface Bench extends AsyncDisposable {
  /** With `clock`, the page's time stands still unless it is passed. */
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

/** Starts both; `script` is what each page loads. Playwright switches the back-forward cache off unless it is asked for. */
export async function createBench(script = 'page-client.ts', backForwardCache = false): Promise<Bench> {
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
        await countFlights(page);
      }
      if (init !== undefined) await page.addInitScript(init);
      const seen = new Map<number, SeenClient>();
      const tokenRequests: boolean[] = [];
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.exposeFunction('tell', ([client, what, value]: Told) => {
        seenOf(client).take(what, value);
      });
      const seenOf = (client: number): SeenClient => {
        const known = seen.get(client) ?? createSeen();
        seen.set(client, known);
        return known;
      };
      const step = async (ms: number): Promise<void> => {
        await page.clock.runFor(ms);
        await landFlights(page);
      };
      const clientPage: ClientPage = {
        page,
        context,
        onToken: () => '',
        tokenRequests,
        errors,
        async follow(options) {
          const client = await page.evaluate((given) => window.follow(given), options);
          return seenOf(client);
        },
        async pass(ms) {
          for (let left = ms; left > 0; left -= 1_000) await step(Math.min(left, 1_000));
        },
        async passUntil(client, state, mostMs) {
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
      await page.waitForFunction('typeof (window.follow ?? window.mount) === "function"');
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

interface SeenClient extends Seen {
  take(what: Told[1], value: unknown): void;
}

function createSeen(): SeenClient {
  const states: string[] = [];
  const events: string[] = [];
  const warnings: unknown[] = [];
  const percents: (number | null)[] = [];
  let now: Shown = { connection: { state: 'idle' }, progress: null, knowledge: 'none' };
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
        const look = (): void => {
          if (!fits(now)) return;
          waiting.delete(look);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`Never seen. States: ${states.join(' > ')}`));
        }, 30_000);
        waiting.add(look);
        look();
      }),
    reaches(state) {
      return this.until(({ connection }) => connection.state === state || word(connection) === state);
    },
    take(what, value) {
      if (what === 'event') events.push(String(value));
      else if (what === 'warning') warnings.push(value);
      else {
        now = value as Shown;
        const state = word(now.connection);
        if (states.at(-1) !== state) states.push(state);
        const percent = now.progress?.progressPercent ?? null;
        if (now.progress !== null && percents.at(-1) !== percent) percents.push(percent);
      }
      for (const look of [...waiting]) look();
    },
  };
}
