/** What fills an embedded store fills it with what the store reads: latest states, history, logs, open ingestions. */
import { expect, it, onTestFinished } from 'vitest';
import { createEmbeddedStore } from '../../../server/store/embedded-store.js';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import { fillEmbedded } from '../fill-embedded.js';

it('is read by the store as if it had written it', async () => {
  const directory = createTemporaryDirectory();
  onTestFinished(() => directory.delete());
  await fillEmbedded(directory.path, [
    { name: 'ended', state: 'ended', ingestions: 7, perProject: 3, logEntries: 3, ageMs: 1_000 },
    { name: 'running', state: 'running', ingestions: 2, logEntries: 600, ageMs: 2_000 },
    { name: 'failed', state: 'failed', ingestions: 1, logEntries: 0, ageMs: 3_000 },
  ]);
  const store = createEmbeddedStore({ dataDir: directory.path });
  onTestFinished(() => store.close());
  await store.open();
  expect((await store.read('ended-1'))?.progress).toMatchObject({ id: 'i-2', status: 'COMPLETED' });
  const listed = await store.listIngestions('ended-1', { first: 5, after: null });
  expect(listed.items.map(({ node }) => node.progress.id)).toEqual(['i-2', 'i-1', 'i-0']);
  expect((await store.read('ended-2'))?.progress.id).toBe('i-0');
  expect((await store.listEvents('ended-0', 'i-0', { first: 500, after: null })).items).toHaveLength(3);
  expect((await store.listEvents('running-1', 'i-0', { first: 1_000, after: null })).items).toHaveLength(600);
  const open = async (list: 'overdue' | 'failed') =>
    (await store.listOpen({ list, before: 8e15, after: null }, 10)).items.map(({ projectId }) => projectId);
  expect([await open('failed'), await open('overdue')]).toEqual([['failed-0'], ['running-0', 'running-1']]);
  // Everything is as old as it says, so that retention takes what is due.
  expect(await store.deleteBefore(Date.now() + 1, 100)).toMatchObject({ deleted: 4 });
});
