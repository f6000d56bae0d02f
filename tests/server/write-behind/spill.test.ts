/** The spill file itself: what is written, what is read back, and what becomes of a file that is torn, foreign or too large. (invariant: kept-at-stop) */
import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Logger } from '../../../server/observability/logger.js';
import { ProgressError } from '../../../server/shared/errors.js';
import {
  createSpillFolder,
  type SpillFolder,
  type SpillFolderOptions,
  type UnstoredState,
} from '../../../server/write-behind/spill.js';
import { recordOf } from '../../support/records.js';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';

const events = [
  { id: '7', type: 'phase_started', revision: 7, timestamp: 1, payload: { phase: 1 } },
] as const;
const state = (projectId: string): UnstoredState => ({ record: recordOf({ projectId }), events });
const STATES = ['a', 'b', 'c'].map(state);

let directory: string;
let log: string[];

beforeEach(() => {
  const temporary = createTemporaryDirectory();
  onTestFinished(() => temporary.delete());
  directory = temporary.path;
  log = [];
});

function open(options: Partial<SpillFolderOptions> = {}): SpillFolder {
  const line = (fields: object, message: string) => void log.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: line, info: line, warn: line, error: line };
  return createSpillFolder({ directory, storeId: 'here', logger, ...options });
}

async function takeUp(folder: SpillFolder): Promise<string[]> {
  const taken: string[] = [];
  await folder.takeUp(async ({ record }) => void taken.push(record.progress.projectId));
  return taken;
}

test('what is kept is read back, log entries included, and the file is gone', async () => {
  expect(await open().keep('one/../server', STATES)).toBe(true);
  expect(readdirSync(directory)).toEqual(['spill-one____server']);
  const taken: UnstoredState[] = [];
  await open().takeUp(async (given) => void taken.push(given));
  expect(taken).toEqual(STATES);
  expect(readdirSync(directory)).toEqual([]);
});

test('a damaged and a torn line are logged, the others are taken up, and the file is set aside', async () => {
  await open().keep('s', STATES);
  const path = join(directory, 'spill-s');
  const [first = '', second = '', third = ''] = readFileSync(path, 'utf8').split('\n');
  truncateSync(path);
  appendFileSync(path, `${first}\n${second.replace('Discovery', 'Discoverx')}\n${third.slice(0, -9)}`);
  expect(await takeUp(open())).toEqual(['a']);
  expect(readdirSync(directory)).toEqual(['spill-s.damaged']);
  expect(log.filter((line) => line.startsWith('spill file has an unreadable line'))).toHaveLength(2);
  expect(await takeUp(open())).toEqual([]);
});

test('a file that was never finished is left to its server for a minute', async () => {
  await open().keep('s', STATES);
  const path = join(directory, 'spill-s.tmp');
  renameSync(join(directory, 'spill-s'), path);
  expect(await takeUp(open())).toEqual([]);
  utimesSync(path, new Date(), new Date(Date.now() - 61_000));
  expect(await takeUp(open())).toEqual(['a', 'b', 'c']);
  expect(readdirSync(directory)).toEqual([]);
});

test('a file of another store is left alone, and said once', async () => {
  await open({ storeId: 'there' }).keep('s', STATES);
  const folder = open();
  expect([...(await takeUp(folder)), ...(await takeUp(folder))]).toEqual([]);
  expect(log.filter((line) => line.startsWith('spill file of another store'))).toHaveLength(1);
  expect(await takeUp(open({ storeId: 'there' }))).toEqual(['a', 'b', 'c']);
});

test('states beyond the bound are lost, and the log says how many', async () => {
  expect(await open({ maxBytes: 6_000 }).keep('s', STATES.concat(STATES))).toBe(false);
  const { length } = await takeUp(open());
  expect(length).toBeGreaterThan(0);
  expect(log.join('\n')).toContain(`left unstored {"file":"spill-s","states":${6 - length},"maxBytes":6000}`);
});

test('a file is kept while the store is away, and set aside if the store will never take a state of it', async () => {
  await open().keep('s', STATES);
  await open().takeUp(() => Promise.reject(new ProgressError('UNAVAILABLE', 'away')));
  expect(readdirSync(directory)).toEqual(['spill-s']);
  await open().takeUp(() => Promise.reject(new ProgressError('INTERNAL_SERVER_ERROR', 'does not parse')));
  expect(readdirSync(directory)).toEqual(['spill-s.damaged']);
});

test('a folder that cannot be written is said at the start and at the stop, and neither fails', async () => {
  const file = join(directory, 'file');
  appendFileSync(file, '');
  chmodSync(file, 0o600);
  const folder = open({ directory: file });
  await folder.check();
  expect(log[0]).toContain('DATA_DIR cannot be written: updates that the store has not taken');
  expect(await folder.keep('s', STATES)).toBe(false);
  expect(log[1]).toContain('spill file not written; progress left unstored');
  expect(await takeUp(folder)).toEqual([]);
});

test('the check of a folder leaves nothing behind', async () => {
  await open().check();
  expect([readdirSync(directory), log]).toEqual([[], []]);
});
