/**
 * A complete deployment: nginx, two servers, Redis, MongoDB. Each is restarted in turn under ingestions and watchers, and
 * no watcher misses anything. `DEPLOYMENT_INGESTIONS` and `DEPLOYMENT_WATCHERS` set their numbers.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { tokenFor } from '../support/tokens.js';
import { startDeployment } from './deployment.js';
import type { Deployment } from './deployment.js';
import { startJobs } from './jobs.js';
import type { Jobs } from './jobs.js';
import { startWatchers } from './watchers.js';
import type { Watchers } from './watchers.js';

const INGESTIONS = Number(process.env['DEPLOYMENT_INGESTIONS'] ?? 10);
const WATCHERS = Number(process.env['DEPLOYMENT_WATCHERS'] ?? 100);
/** How long it may take until every watcher is back after a restart: mostly backoff, and a mass reconnect on few cores. */
const RECOVERY_MS = 80_000 + WATCHERS * 100;
const cleanups: (() => void | Promise<void>)[] = [];
let deployment: Deployment;
let jobs: Jobs;
let watchers: Watchers;

beforeAll(async () => {
  deployment = await startDeployment('deployment');
  cleanups.push(() => deployment.dispose());
  const { endpoint } = deployment;
  jobs = await startJobs({ endpoint, count: INGESTIONS, token: tokenFor({ scope: 'progress:write' }) });
  cleanups.push(() => jobs.dispose());
  watchers = startWatchers({
    endpoint,
    projectIds: jobs.projectIds,
    count: WATCHERS,
    getToken: () => tokenFor({ sub: 'watcher' }),
  });
  cleanups.push(() => watchers.dispose());
}, 180_000);

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
}, 60_000);

/** Resolves when every watcher is live and shows at least what has been reported so far. */
async function allWatchersUpToDate(): Promise<void> {
  const reported = new Map(jobs.projectIds.map((id) => [id, jobs.reported(id)]));
  await eventually(() => {
    const upToDate = watchers.count((client, projectId) => {
      const { progress } = client.getSnapshot();
      return (progress?.progressPercent ?? -1) >= (reported.get(projectId) ?? 0) - 0.01;
    });
    expect([upToDate, watchers.connected], watchers.describe()).toEqual([WATCHERS, WATCHERS]);
  }, RECOVERY_MS);
}

describe(`a deployment under ${INGESTIONS} ingestions and ${WATCHERS} watchers`, () => {
  test('shows every watcher everything through nginx', () => allWatchersUpToDate(), RECOVERY_MS + 10_000);

  for (const name of ['server-1', 'server-2', 'Redis', 'MongoDB', 'nginx']) {
    test(
      `continues when ${name} is restarted`,
      async () => {
        const part = deployment.parts.get(name);
        if (part === undefined) return;
        const startedAt = performance.now();
        await part.stop();
        await part.start();
        await allWatchersUpToDate();
        const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
        console.log(`${name}: all watchers are live and up to date ${seconds} s after its SIGTERM`);
        expect(watchers.violations).toEqual([]);
        expect(jobs.rejections).toEqual([]);
      },
      RECOVERY_MS + 60_000,
    );
  }

  test(
    'shows every watcher the ending, and no watcher saw anything go back',
    async () => {
      await jobs.finish();
      await eventually(() => {
        const complete = watchers.count((client, projectId) => {
          const { progress } = client.getSnapshot();
          return (
            progress?.status === 'COMPLETED' && progress.result?.itemsProcessed === jobs.items(projectId)
          );
        });
        expect(complete, watchers.describe()).toBe(WATCHERS);
      }, RECOVERY_MS);
      expect(watchers.violations).toEqual([]);
      expect(jobs.rejections).toEqual([]);
    },
    2 * RECOVERY_MS + 60_000,
  );
});
