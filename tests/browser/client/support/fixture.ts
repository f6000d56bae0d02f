/** What every fault is tried on: Chromium, a real server, and between them a cable and a proxy that obey. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { ProgressServer } from '@ingestion-progress/server';
import { startServer, tokenFor } from '../../../widget/support/real-server.js';
import { createBench, type Bench, type ClientPage, type Seen } from './browser.js';
import { createCable, type Cable } from './network-link.js';
import { createFaultProxy, type FaultProxy } from './fault-proxy.js';
import type { PageClientOptions } from './page-client.js';

/** The parts, new for each test but for browser and server. */
export interface Fixture {
  readonly server: ProgressServer;
  readonly bench: Bench;
  readonly faults: FaultProxy;
  readonly cable: Cable;
  readonly page: ClientPage;
  readonly projectId: string;
  /** Where the page reaches the server. */
  readonly endpoint: string;
  follow(options?: Partial<PageClientOptions>): Promise<Seen>;
  /** Starts a run, in its second phase: 25% overall. */
  run(): Promise<void>;
  /** Takes it to its third phase: 50% overall. */
  goOn(): Promise<void>;
}

/** Options of the page that each test gets. */
export interface FixtureOptions {
  readonly clock?: boolean;
  readonly init?: string;
  /** What the page loads. @default 'page-client.ts' */
  readonly script?: string;
  /** Pages that are left stay in the browser's memory, as they do for people. @default false */
  readonly backForwardCache?: boolean;
}

/** Sets it up for a file of tests; use it inside of them only. */
export function useFixture(options: FixtureOptions = { clock: true }): Fixture {
  const parts: { -readonly [Name in keyof Fixture]?: Fixture[Name] } = {};
  let count = 0;
  const part = <Name extends keyof Fixture>(name: Name): Fixture[Name] => {
    const value = parts[name];
    if (value === undefined) throw new Error(`${name} is there in tests only.`);
    return value;
  };

  // Minutes of a page's time, on a machine that may be busy.
  vi.setConfig({ testTimeout: 120_000 });
  beforeAll(async () => {
    parts.bench = await createBench(options.script, options.backForwardCache);
    parts.server = await startServer({ corsOrigins: ['*'] });
  });
  afterAll(async () => {
    await part('server').close();
    await part('bench')[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    count += 1;
    parts.projectId = `project-${String(count)}`;
    parts.faults = await createFaultProxy(Number(new URL(part('server').url).port));
    parts.cable = await createCable(parts.faults.port);
    parts.endpoint = `http://127.0.0.1:${String(parts.cable.port)}/graphql`;
    parts.page = await part('bench').open(options);
  });
  afterEach(async () => {
    await part('page').context.close();
    await part('cable').refuse();
    await part('faults')[Symbol.asyncDispose]();
    expect(part('page').errors).toEqual([]);
  });

  return {
    get server() {
      return part('server');
    },
    get bench() {
      return part('bench');
    },
    get faults() {
      return part('faults');
    },
    get cable() {
      return part('cable');
    },
    get page() {
      return part('page');
    },
    get projectId() {
      return part('projectId');
    },
    get endpoint() {
      return part('endpoint');
    },
    follow: (over = {}) =>
      part('page').follow({
        endpoint: part('endpoint'),
        projectId: part('projectId'),
        ...(over.asks === true ? {} : { token: tokenFor({ expiresInSeconds: 3_600 }) }),
        jitter: 0,
        ...over,
      }),
    async run() {
      await part('server').emitter.emitPhaseStarted(part('projectId'), 1, 'Reading');
      await part('server').emitter.emitPhaseStarted(part('projectId'), 2, 'Extracting');
    },
    async goOn() {
      await part('server').emitter.emitPhaseStarted(part('projectId'), 3, 'Thinking');
    },
  };
}

/** For `until`: the overall percent is shown. */
export const shows =
  (percent: number) =>
  ({ progress }: { readonly progress: { readonly progressPercent: number | null } | null }): boolean =>
    progress?.progressPercent === percent;
