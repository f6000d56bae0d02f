/** The contract of progress stores, held by the embedded store; and what only files on a disk can go through. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, statSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmbeddedStore } from '../../server/store/embedded-store.js';
import type { ProgressStore } from '../../server/store/progress-store.js';
import { createRecordedLog } from '../support/log.js';
import { entryOf, failureOf, recordOf } from '../support/records.js';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.js';
import { describeProgressStore, MAX_LOG_ENTRIES } from './progress-store.contract.js';

describeProgressStore('the embedded store', async () => {
  const directory = createTemporaryDirectory();
  const store = createEmbeddedStore({ dataDir: directory.path, maxLogEntries: MAX_LOG_ENTRIES });
  await store.open();
  return {
    store,
    other: store,
    dispose: async () => {
      await store.close();
      directory.delete();
    },
  };
});

describe('the embedded store on its disk', () => {
  let directory: TemporaryDirectory;
  let files: string;
  const opened: ProgressStore[] = [];

  beforeEach(() => {
    directory = createTemporaryDirectory();
    files = join(directory.path, 'progress');
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    directory.delete();
  });

  const open = async (dataDir = directory.path, log = createRecordedLog()) => {
    const store = createEmbeddedStore({ dataDir, logger: log.logger });
    opened.push(store);
    await store.open();
    return store;
  };

  const start = (projectId: string) =>
    ({ record: recordOf({ projectId }), guard: { kind: 'start' }, events: [entryOf(1)] }) as const;

  it('has everything again after it was closed and opened', async () => {
    const first = await open();
    const ended = recordOf({ revision: 2, ...failureOf(false) });
    const next = recordOf({ id: 'j', revision: 3, startedAt: 3 });
    await first.write([start('p')]);
    await first.write([{ record: ended, guard: { kind: 'change' }, events: [] }]);
    await first.write([{ record: next, guard: { kind: 'start' }, events: [] }]);
    await first.renewLease({ serverId: 's', renewedAt: 1, ttlMs: 2 });
    await first.close();

    const again = await open();
    expect(await again.read('p')).toEqual(next);
    expect(await again.readIngestion('p', 'i')).toEqual(ended);
    expect((await again.listEvents('p', 'i', { first: 5, after: null })).items).toHaveLength(1);
    const { items } = await again.listOpen({ list: 'overdue', before: 1e15, after: null }, 5);
    expect(items.map(({ ingestionId }) => ingestionId)).toEqual(['j']);
    expect(await again.listLeases()).toEqual([{ serverId: 's', renewedAt: 1, ttlMs: 2 }]);
  });

  it('loses nothing that it acknowledged when its process is killed with SIGKILL', async () => {
    const writer = join(import.meta.dirname, '../support/embedded-writer.ts');
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', writer, directory.path],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 200) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const store = await open();
    const revision = (await store.read('p'))?.progress.revision ?? 0;
    expect(revision).toBeGreaterThanOrEqual(acknowledged);
    const log = await store.listEvents('p', 'i', { first: 1_000, after: null });
    expect(log.items.at(-1)?.node.revision).toBe(revision);
  });

  describe('after an earlier version, which kept no lists', () => {
    const listed = async (store: ProgressStore) => {
      const found: string[] = [];
      for (const status of ['ACTIVE', 'FAILED', 'ENDED'] as const) {
        const query = { status, projectIds: null, startedSince: null, after: null };
        const { records } = await store.listByStatus(query, 10);
        const ofProject = await store.listByStatus({ ...query, projectIds: ['p', 'q'] }, 10);
        expect(ofProject.records).toEqual(records);
        found.push(...records.map(({ progress }) => `${status} ${progress.projectId}/${progress.id}`));
      }
      return found;
    };

    it('lists in the background what that one stored', async () => {
      const first = await open();
      await first.write([start('p'), start('q')]);
      const ended = recordOf({ revision: 2, ...failureOf(false) });
      await first.write([{ record: ended, guard: { kind: 'change' }, events: [] }]);
      const next = recordOf({ id: 'j', revision: 3, startedAt: 3 });
      await first.write([{ record: next, guard: { kind: 'start' }, events: [] }]);
      await first.close();
      const level = new ClassicLevel(files);
      for (const key of await level.keys().all()) {
        if (key.startsWith('list')) await level.del(key);
        if (key.startsWith('start!')) await level.put(key, 'i');
      }
      await level.close();

      const again = await open();
      await expect
        .poll(() => listed(again), { timeout: 10_000 })
        .toEqual(['ACTIVE p/j', 'ACTIVE q/i', 'FAILED p/i']);
    });

    it('puts right what that one changed since', async () => {
      const first = await open();
      await first.write([start('p'), start('q')]);
      await first.close();
      const level = new ClassicLevel(files);
      const ended = recordOf({ revision: 2, status: 'COMPLETED', completedAt: 2 });
      await level.put('latest!p', JSON.stringify(ended));
      await level.del('latest!q');
      await level.close();

      const again = await open();
      await expect.poll(() => listed(again), { timeout: 10_000 }).toEqual(['ENDED p/i']);
      expect(await listed(again)).toEqual(['ENDED p/i']);
    });
  });

  it('says in a sentence that another process has it open', async () => {
    await open();
    await expect(open()).rejects.toThrow(/Another process has the store in .* open: stop it/);
  });

  it('refuses to begin empty where its file CURRENT is gone and data lies beside it', async () => {
    const store = await open();
    await store.write([start('p')]);
    await store.close();
    rmSync(join(files, 'CURRENT'));
    await expect(open()).rejects.toThrow(/has lost its file CURRENT: restore/);
    expect(readdirSync(files).some((name) => name.endsWith('.log'))).toBe(true);
  });

  it('says in a sentence that its files are damaged', async () => {
    const store = await open();
    await store.write([start('p')]);
    await store.close();
    const manifest = readdirSync(files).find((name) => name.startsWith('MANIFEST')) ?? '';
    writeFileSync(join(files, manifest), 'not a manifest');
    await expect(open()).rejects.toThrow(/is damaged .*: restore it from a backup/);
  });

  it('says in a sentence that DATA_DIR is a file, or lies under one', async () => {
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    await expect(open(file)).rejects.toThrow(/DATA_DIR .* is, or lies under, a file: name a directory/);
    await expect(open(join(file, 'deeper'))).rejects.toThrow(/is, or lies under, a file/);
  });

  it('says in a sentence that DATA_DIR cannot be written', async () => {
    const locked = join(directory.path, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    chmodSync(directory.path, 0o755);
    // Root may write everywhere, so as root this runs as nobody.
    const asNobody = process.getuid?.() === 0;
    if (asNobody) process.seteuid?.(65_534);
    try {
      await expect(open(locked)).rejects.toThrow(/DATA_DIR .* cannot be written: give this user the right/);
    } finally {
      if (asNobody) process.seteuid?.(0);
    }
  });

  it('lets nobody but its own user into its folder, also into one that was open', async () => {
    const outer = join(directory.path, 'outer');
    await open(outer);
    expect([outer, join(outer, 'progress')].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o700, 0o700,
    ]);
    chmodSync(outer, 0o755);
    chmodSync(join(outer, 'progress'), 0o2775);
    await opened.pop()?.close();
    await open(outer);
    // What else lies in DATA_DIR is not ours.
    expect(statSync(outer).mode & 0o777).toBe(0o755);
    expect(statSync(join(outer, 'progress')).mode & 0o777).toBe(0o700);
  });

  it('refuses a folder of another user that is open to others, with a sentence', async () => {
    if (process.getuid?.() !== 0) return;
    mkdirSync(files);
    chmodSync(files, 0o755);
    chmodSync(directory.path, 0o755);
    process.seteuid?.(65_534);
    try {
      await expect(open()).rejects.toThrow(/^Other users may enter .*: chown it .* or chmod it to 700/);
    } finally {
      process.seteuid?.(0);
    }
  });

  describe('with a document that does not parse', () => {
    const damages: readonly [string, string][] = [
      ['is not JSON', '{"version":1,'],
      ['has a version that is not known', JSON.stringify({ ...recordOf({ projectId: 'bad' }), version: 2 })],
      ['lacks a field', JSON.stringify({ version: 1, progress: { id: 'i' } })],
    ];

    it.each(damages)(
      'answers an error for that project alone, and logs its id, where it %s',
      async (_what, text) => {
        const first = await open();
        await first.write([start('good'), start('bad')]);
        await first.close();
        const level = new ClassicLevel(files);
        await level.put('latest!bad', text);
        await level.close();

        const log = createRecordedLog();
        const store = await open(directory.path, log);
        await expect(store.read('bad')).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
        expect((await store.read('good'))?.progress.projectId).toBe('good');
        expect([...(await store.readMany(['bad', 'good'])).keys()]).toEqual(['good']);
        const { items } = await store.listOpen({ list: 'overdue', before: 1e15, after: null }, 5);
        expect(items.map(({ projectId }) => projectId)).toEqual(['good']);
        expect((await store.deleteBefore(10, 5)).deleted).toBe(0);
        const outcomes = await store.write(
          ['bad', 'good'].map((projectId) => ({
            record: recordOf({ projectId, revision: 2 }),
            guard: { kind: 'change' as const },
            events: [],
          })),
        );
        expect(outcomes).toEqual([{ written: false, current: null, unreadable: true }, { written: true }]);
        const told = log.lines.filter((line) => line.level === 'error');
        expect(told.length).toBeGreaterThan(0);
        expect(String(told[0]?.fields['document'])).toContain('bad');
      },
    );
  });
});
