/**
 * Keeps what was acknowledged and could not be stored when a server stops, in a file that any server on the same folder
 * takes up. A file gets its name once it is complete, by a server that writes nothing any more: its name is its lock.
 * Two servers may take up one file at once, so a replay must be repeatable. (invariant: kept-at-stop)
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedEvent } from '@ingestion-progress/schema';
import type { Logger } from '../observability/logger.js';
import { parseEvent, parseRecord, serializeEvent, serializeRecord } from '../progress/record-codec.js';
import type { IngestionRecord } from '../progress/record.js';
import { ProgressError, type ErrorCode } from '../shared/errors.js';

/** A state that was acknowledged and not stored, with the log entries that belong to it. */
export interface UnstoredState {
  readonly record: IngestionRecord;
  readonly events: readonly RecordedEvent[];
}

/** Options of the spill folder. */
export interface SpillFolderOptions {
  /** Must outlive the process; several servers may share it. */
  readonly directory: string;
  /** Names the store: files of another one are left alone. Without credentials. */
  readonly storeId: string;
  readonly logger: Logger;
  /** Most bytes of a file; states beyond are lost, and the log says how many. @default 268_435_456 (256 MiB) */
  readonly maxBytes?: number;
}

/** See the file's head. */
export interface SpillFolder {
  /** Writes and removes a file; logs what may be lost if that fails. Never rejects. */
  check(): Promise<void>;
  /** Keeps the states of a server that stops; false if one of them is lost. Never rejects. */
  keep(serverId: string, states: readonly UnstoredState[]): Promise<boolean>;
  /** Reads what files hold that were not read before, and leaves them as they are. Never rejects. */
  peek(listener: (state: UnstoredState) => void): Promise<void>;
  /**
   * Replays every file whose server is gone, and removes it; a file is kept for the next time if `replay` rejects, and
   * set aside if part of it does not parse. Never rejects.
   */
  takeUp(replay: (state: UnstoredState) => Promise<void>): Promise<void>;
}

const MAX_BYTES = 256 * 1024 * 1024;
/** Only its own user may read it: progress holds names and messages of others. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const COMPLETE = /^spill-[\w-]+$/;
const UNFINISHED = /^spill-[\w-]+\.tmp$/;
/** A file that was not finished after so long was left by a server that was killed, in milliseconds. */
const ABANDONED_AFTER_MS = 60_000;
/** States replayed at a time: as many as the store writes at once. */
const MAX_AT_ONCE = 50;
const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['UNAVAILABLE', 'RATE_LIMITED']);

const sentenceOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
const isMissing = (cause: unknown) => (cause as NodeJS.ErrnoException).code === 'ENOENT';
const checksumOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Creates one; touches nothing yet. */
export function createSpillFolder(options: SpillFolderOptions): SpillFolder {
  const { directory, storeId, logger, maxBytes = MAX_BYTES } = options;
  /** Files whose states were shown, as long as they are there. */
  const shown = new Set<string>();
  /** Files of other stores that were logged. */
  const foreign = new Set<string>();

  const lineOf = ({ record, events }: UnstoredState): string => {
    const text = JSON.stringify([storeId, serializeRecord(record), ...events.map(serializeEvent)]);
    return `${checksumOf(text)} ${text}\n`;
  };

  /** Null if it is of another store; throws if it does not parse. */
  const parseLine = (line: string, file: string): UnstoredState | null => {
    const text = line.slice(17);
    if (line !== `${checksumOf(text)} ${text}`) throw new Error('the checksum is wrong');
    const [store, record, ...events] = JSON.parse(text) as unknown[];
    if (store !== storeId) return null;
    return { record: parseRecord(record, file), events: events.map((event) => parseEvent(event, file)) };
  };

  const syncDirectory = async () => {
    const handle = await open(directory, 'r');
    await handle.sync().finally(() => handle.close());
  };

  /** Returns how many states did not fit. */
  const write = async (name: string, states: readonly UnstoredState[]): Promise<number> => {
    await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
    const path = join(directory, name);
    const file = await open(`${path}.tmp`, 'wx', PRIVATE_FILE);
    let bytes = 0;
    let lost = 0;
    try {
      for (const state of states) {
        const line = Buffer.from(lineOf(state));
        if (bytes + line.length > maxBytes) {
          lost += 1;
          continue;
        }
        await file.appendFile(line);
        bytes += line.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
    await syncDirectory();
    return lost;
  };

  const isTakenUp = async (name: string): Promise<boolean> => {
    if (COMPLETE.test(name)) return true;
    if (!UNFINISHED.test(name)) return false;
    const { mtimeMs } = await stat(join(directory, name));
    return Date.now() - mtimeMs > ABANDONED_AFTER_MS;
  };

  /** What each line holds; `error` if it does not parse. */
  async function* linesOf(name: string) {
    const file = await open(join(directory, name), 'r');
    let line = 0;
    for await (const text of file.readLines()) {
      line += 1;
      try {
        yield { line, state: parseLine(text, name), error: undefined };
      } catch (error) {
        yield { line, state: null, error };
      }
    }
  }

  const takeUpFile = async (name: string, replay: (state: UnstoredState) => Promise<void>): Promise<void> => {
    const path = join(directory, name);
    let [states, damaged, isForeign] = [0, 0, false];
    let batch: UnstoredState[] = [];
    const retried: ProgressError[] = [];
    const fail = (message: string, fields: Readonly<Record<string, unknown>>, error: unknown) => {
      const { cause = error } = error instanceof ProgressError ? error : {};
      damaged += 1;
      logger.error({ file: name, ...fields, error: sentenceOf(cause) }, message);
    };
    const replayBatch = async () => {
      const results = await Promise.allSettled(batch.map(replay));
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        const cause: unknown = result.reason;
        // Away or busy: all of the file is replayed again later.
        if (cause instanceof ProgressError && RETRIED.has(cause.code)) retried.push(cause);
        else
          fail('spilled state not taken up', { projectId: batch[index]?.record.progress.projectId }, cause);
      }
      states += batch.length;
      batch = [];
    };
    for await (const parsed of linesOf(name)) {
      if (parsed.error !== undefined) {
        fail('spill file has an unreadable line', { line: parsed.line }, parsed.error);
      } else if (parsed.state === null) isForeign = true;
      else batch.push(parsed.state);
      if (batch.length >= MAX_AT_ONCE) await replayBatch();
    }
    await replayBatch();
    const [first] = retried;
    if (first !== undefined) throw first;
    if (isForeign) {
      foreign.add(name);
      logger.warn({ file: name }, 'spill file of another store left alone');
      return;
    }
    if (damaged > 0) await rename(path, `${path}.damaged`);
    else await rm(path);
    logger.info({ file: name, states, damaged }, 'spill file taken up');
  };

  const forEachFile = async (what: string, task: (name: string) => Promise<void>): Promise<void> => {
    const names = await readdir(directory).catch((): string[] => []);
    for (const name of shown) if (!names.includes(name)) shown.delete(name);
    for (const name of names.toSorted()) {
      try {
        if (!foreign.has(name) && (await isTakenUp(name))) await task(name);
      } catch (cause) {
        // Gone: another server has taken it up.
        if (isMissing(cause)) continue;
        logger.warn(
          { file: name, error: sentenceOf(cause) },
          `spill file not ${what} yet; it is tried again`,
        );
      }
    }
  };

  return {
    check: async () => {
      const probe = join(directory, `.probe-${process.pid}-${Date.now()}`);
      try {
        await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
        await (await open(probe, 'wx', PRIVATE_FILE)).close();
        await rm(probe);
      } catch (cause) {
        logger.warn(
          { error: sentenceOf(cause) },
          'DATA_DIR cannot be written: updates that the store has not taken when this server stops will be lost',
        );
      }
    },
    keep: async (serverId, states) => {
      const name = `spill-${serverId.replace(/[^\w-]/g, '_')}`;
      try {
        const lost = await write(name, states);
        const kept = states.length - lost;
        logger.warn({ file: name, states: kept }, 'unstored progress kept in a spill file');
        if (lost === 0) return true;
        logger.error({ file: name, states: lost, maxBytes }, 'spill file full; progress left unstored');
      } catch (cause) {
        const fields = { file: name, states: states.length, error: sentenceOf(cause) };
        logger.error(fields, 'spill file not written; progress left unstored');
      }
      return false;
    },
    peek: (listener) =>
      forEachFile('read', async (name) => {
        if (shown.has(name)) return;
        for await (const { state } of linesOf(name)) if (state !== null) listener(state);
        shown.add(name);
      }),
    takeUp: (replay) => forEachFile('taken up', (name) => takeUpFile(name, replay)),
  };
}
