/** SIGTERM while MongoDB stands still: what was acknowledged is there after the restart. (invariant: kept-at-stop) */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startMongoProcess } from '../support/mongo-process.js';
import { tokenFor } from './support/running-server.js';
import { spawnServer } from './support/server-process.js';

// Processes take their time to start where others are busy.
vi.setConfig({ testTimeout: 120_000 });

async function mutate(address: string, mutation: string, input: object): Promise<unknown> {
  const type = `${(mutation[0] ?? '').toUpperCase()}${mutation.slice(1)}Input`;
  const response = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenFor({ scope: 'progress:write' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      query: `mutation ($input: ${type}!) { result: ${mutation}(input: $input) { progress { revision } } }`,
      variables: { input },
    }),
  });
  return response.json();
}

interface Progress {
  readonly revision: number;
  readonly currentPhase: number;
  readonly phases: readonly { readonly percent: number | null; readonly metrics: object | null }[];
}

async function progressAt(address: string): Promise<Progress> {
  const response = await fetch(`${address}/api/projects/p1/progress`, {
    headers: { authorization: `Bearer ${tokenFor()}` },
  });
  return (await response.json()) as Progress;
}

it('loses nothing, and shows nothing behind what watchers have seen', async () => {
  const mongo = await startMongoProcess();
  // A MongoDB that runs elsewhere cannot be paused.
  if (mongo === null) return;
  onTestFinished(() => mongo.dispose());
  const dataDir = await mkdtemp(join(tmpdir(), 'ingestion-progress-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const environment = { MONGODB_URI: mongo.uri, DATA_DIR: dataDir, DRAIN_DEADLINE_MS: '1000' };

  const first = spawnServer(environment);
  const address = await first.listening();
  const job = { projectId: 'p1', ingestionId: 'i1' };
  await mutate(address, 'startIngestion', job);
  mongo.pause();
  await mutate(address, 'reportPhaseStarted', { ...job, phase: 2, message: 'Parsing' });
  const metrics = { itemsProcessed: 7 };
  await mutate(address, 'reportProgress', { ...job, phase: 2, progressPercent: 70, metrics });
  await expect.poll(async () => (await progressAt(address)).phases[1]?.percent, { timeout: 10_000 }).toBe(70);
  const shown = await progressAt(address);
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ code: 0, errors: '' });
  expect(await readdir(dataDir)).toEqual([expect.stringMatching(/^spill-[\w-]+$/)]);

  mongo.resume();
  const second = spawnServer(environment);
  const restarted = await second.listening();
  const after = await progressAt(restarted);
  expect(after).toMatchObject({ currentPhase: 2 });
  expect(after.phases[1]).toMatchObject({ percent: 70, metrics });
  expect(after.revision).toBeGreaterThanOrEqual(shown.revision);
  // The lease of the first server stands, so the second one commits only when it is known to have gone.
  await expect.poll(() => readdir(dataDir), { timeout: 30_000 }).toEqual([]);
});

it('says at the start what it may lose if DATA_DIR cannot be written', async () => {
  const mongo = await startMongoProcess();
  if (mongo !== null) onTestFinished(() => mongo.dispose());
  const uri = mongo?.uri ?? process.env['MONGODB_URI'] ?? '';
  const server = spawnServer({ MONGODB_URI: uri, DATA_DIR: '/dev/null/data' });
  await server.lines.until((line) => line.includes('DATA_DIR cannot be written: updates that the store'));
  await server.listening();
});
