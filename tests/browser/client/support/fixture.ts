/** The fixture for fault tests: Chromium, a real server, and between them a network link and a proxy that inject faults. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { ProgressServer } from '@ingestion-progress/server';
import { startServer, tokenFor } from '../../../widget/support/real-server.js';
import {
  createBrowserHarness,
  type BrowserHarness,
  type ClientPage,
  type ObservedClient,
} from './browser.js';
import { createNetworkLink, type NetworkLink } from './network-link.js';
import { createFaultProxy, type FaultProxy } from './fault-proxy.js';
import type { PageClientOptions } from './page-client.js';

/** The fixture's parts; all but browser and server are new for each test. */
export interface Fixture {
  readonly server: ProgressServer;
  readonly harness: BrowserHarness;
  readonly faults: FaultProxy;
  readonly link: NetworkLink;
  readonly page: ClientPage;
  readonly projectId: string;
  /** The endpoint that the page uses. */
  readonly endpoint: string;
  follow(options?: Partial<PageClientOptions>): Promise<ObservedClient>;
  /** Starts an ingestion in its second phase: 25% overall. */
  run(): Promise<void>;
  /** Advances it to its third phase: 50% overall. */
  startPhase3(): Promise<void>;
}

/** Options of the page that each test gets. */
export interface FixtureOptions {
  readonly clock?: boolean;
  readonly init?: string;
  /** The script of the page. @default 'page-client.ts' */
  readonly script?: string;
  /** Pages go into the back-forward cache, as they do for users. @default false */
  readonly backForwardCache?: boolean;
}

/** Sets up the fixture for a test file; its parts are only available inside tests. */
export function useFixture(options: FixtureOptions = { clock: true }): Fixture {
  const parts: { -readonly [Name in keyof Fixture]?: Fixture[Name] } = {};
  let count = 0;
  const part = <Name extends keyof Fixture>(name: Name): Fixture[Name] => {
    const value = parts[name];
    if (value === undefined) throw new Error(`${name} is there in tests only.`);
    return value;
  };

  // Minutes of the page's time, on a machine that may be busy.
  vi.setConfig({ testTimeout: 120_000 });
  beforeAll(async () => {
    parts.harness = await createBrowserHarness(options.script, options.backForwardCache);
    parts.server = await startServer({ corsOrigins: ['*'] });
  });
  afterAll(async () => {
    await part('server').close();
    await part('harness')[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    count += 1;
    parts.projectId = `project-${String(count)}`;
    parts.faults = await createFaultProxy(Number(new URL(part('server').url).port));
    parts.link = await createNetworkLink(parts.faults.port);
    parts.endpoint = `http://127.0.0.1:${String(parts.link.port)}/graphql`;
    parts.page = await part('harness').open(options);
  });
  afterEach(async () => {
    await part('page').context.close();
    await part('link').refuse();
    await part('faults')[Symbol.asyncDispose]();
    expect(part('page').errors).toEqual([]);
  });

  return {
    get server() {
      return part('server');
    },
    get harness() {
      return part('harness');
    },
    get faults() {
      return part('faults');
    },
    get link() {
      return part('link');
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
        ...(over.requestsToken === true ? {} : { token: tokenFor({ expiresInSeconds: 3_600 }) }),
        jitter: 0,
        ...over,
      }),
    async run() {
      await part('server').emitter.emitPhaseStarted(part('projectId'), 1, 'Reading');
      await part('server').emitter.emitPhaseStarted(part('projectId'), 2, 'Extracting');
    },
    async startPhase3() {
      await part('server').emitter.emitPhaseStarted(part('projectId'), 3, 'Thinking');
    },
  };
}

/** For `until`: the overall percent is shown. */
export const shows =
  (percent: number) =>
  ({ progress }: { readonly progress: { readonly progressPercent: number | null } | null }): boolean =>
    progress?.progressPercent === percent;
