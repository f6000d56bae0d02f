/**
 * What the previous version stored and sent is understood: `previous-version.json` holds its commit, what its embedded
 * store contained after two runs, and what a watcher of the first one received.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseEvent, parseRecord, serializeRecord } from '../../server/progress/record-codec.js';
import { readProgress } from '../../widget/client/wire.js';

interface Samples {
  readonly commit: string;
  readonly stored: Readonly<Record<string, unknown>>;
  readonly messages: readonly {
    readonly type: string;
    readonly payload?: { readonly data?: { readonly ingestionProgress?: { readonly progress: unknown } } };
  }[];
}

const samples = JSON.parse(
  readFileSync(new URL('previous-version.json', import.meta.url), 'utf8'),
) as Samples;

it('names a commit', () => {
  expect(samples.commit).toMatch(/^[0-9a-f]{40}$/);
});

it('records of the previous version are read, and written again without a loss', () => {
  const records = Object.entries(samples.stored).filter(([key]) => key.startsWith('latest!'));
  expect(records).toHaveLength(2);
  for (const [key, stored] of records) {
    const record = parseRecord(JSON.stringify(stored), key);
    expect(JSON.parse(serializeRecord(record))).toMatchObject(stored as object);
  }
});

it('log entries of the previous version are read', () => {
  const entries = Object.entries(samples.stored).filter(([key]) => key.startsWith('event!'));
  expect(entries).toHaveLength(9);
  for (const [key, stored] of entries)
    expect(parseEvent(JSON.stringify(stored), key)).toMatchObject(stored as object);
});

it('messages of the previous version are understood by the client', () => {
  const states = samples.messages.flatMap(({ payload }) => payload?.data?.ingestionProgress?.progress ?? []);
  expect(states.length).toBeGreaterThan(3);
  for (const state of states) expect(readProgress(state)).toMatchObject({ id: 'run-1', projectId: 'p1' });
});
