/**
 * The server under fire: a real one, with a project that nobody here may see. Tells whether an answer gave away what it
 * must not, and whether the server is as it was before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createReporter } from '../../server/reporter/index.js';
import { SECRET, startServerProcess } from '../deployment/server-process.js';
import type { ServerEnvironment, ServerProcess } from '../deployment/server-process.js';
import { mintToken } from '../deployment/tokens.js';

/** The project that the attacker's tokens cover. */
export const MINE = 'mine';
/** The project that they do not cover. */
export const OTHER = 'other';
/** Stands in the other project's state, and nowhere else. */
const CANARY = 'canary-of-another-project';

/** A token of the attacker's: valid, and for one project alone. */
export const OWN_TOKEN = mintToken({ sub: 'attacker', projects: [MINE] });

/** Error codes that clients are told of; the first is a fault of ours. */
const FAULT = 'INTERNAL_SERVER_ERROR';
const CODES: ReadonlySet<unknown> = new Set([
  ...['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN', 'BAD_USER_INPUT', 'NOT_FOUND', 'CONFLICT'],
  ...['RATE_LIMITED', 'UNAVAILABLE'],
]);

/** A server with the other project in it. */
export interface Target {
  readonly server: ServerProcess;
  /** Throws where a text gives away the other project, a secret, or the inside of the server. */
  expectClean(text: string): void;
  /** Throws where an error has no code of the protocol, or the one of a fault of ours. */
  expectCoded(errors: readonly unknown[]): void;
  /** Waits for zero connections; throws where the server crashed, or logged a fault. */
  expectUnharmed(): Promise<void>;
  stop(): Promise<void>;
}

async function gauge(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^ingestion_progress_${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** Starts it. Every case may come from an address of its own, by X-Forwarded-For, so that none is slowed for another. */
export async function startTarget(environment: ServerEnvironment = {}): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  const server = await startServerProcess({
    DATA_DIR: folder,
    // A container of 512 MiB.
    NODE_OPTIONS: '--max-old-space-size=256',
    LOG_LEVEL: 'debug',
    TRUSTED_PROXIES: '127.0.0.1',
    ...environment,
  });
  const reporter = createReporter({
    endpoint: `${server.url}/graphql`,
    projectId: OTHER,
    token: mintToken({ projects: [OTHER] }),
  });
  const run = await reporter.startIngestion({ ingestionId: 'hidden', phaseNames: [CANARY, '2', '3', '4'] });
  await run.emitPhaseStarted(1, CANARY);
  await run.flush();
  reporter.dispose();

  return {
    server,
    expectClean: (text) => {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(SECRET);
      expect(text).not.toMatch(/node_modules|\bat \S+ \(|\.[jt]s:\d+:\d+/);
    },
    expectCoded: (errors) => {
      for (const error of errors) {
        const { code } = (error as { extensions?: { code?: unknown } }).extensions ?? {};
        expect(code, JSON.stringify(error)).not.toBe(FAULT);
        expect(CODES, JSON.stringify(error)).toContain(code);
      }
    },
    expectUnharmed: async () => {
      await expect.poll(() => gauge(server.url, 'connections'), { timeout: 15_000 }).toBe(0);
      await expect.poll(() => gauge(server.url, 'subscriptions'), { timeout: 15_000 }).toBe(0);
      const faults = server.output.split('\n').filter((line) => line.includes('"level":"error"'));
      expect(faults).toEqual([]);
      const alive = await fetch(`${server.url}/healthz`);
      expect(alive.status).toBe(200);
    },
    stop: async () => {
      expect(await server.stop()).toBe(0);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
