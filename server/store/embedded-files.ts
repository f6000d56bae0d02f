/** Opens the embedded store's directory, or says in one sentence why it cannot be and what would be right. */
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';

/** The database of the embedded store: JSON text under string keys. */
export type Level = ClassicLevel<string, string>;

/** Mode of a folder that only its own user may enter: progress holds names and messages of others. */
const PRIVATE = 0o700;
/** Bits of the mode that let others in. */
const OTHERS = 0o077;

const isError = (value: unknown): value is NodeJS.ErrnoException => value instanceof Error;

/** LevelDB opens empty where its file CURRENT is gone; data files beside it say that it was not empty. */
async function checkCurrent(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.includes('CURRENT') || !names.some((name) => /\.(ldb|sst|log)$/.test(name))) return;
  throw new Error(
    `The store in ${directory} has lost its file CURRENT: restore the directory from a backup, ` +
      'or move it away to begin with an empty one.',
  );
}

/** A folder that is there already may be open to others: an earlier version made it so, or a volume's fsGroup does. */
async function closeToOthers(directory: string): Promise<void> {
  if (((await stat(directory)).mode & OTHERS) === 0) return;
  try {
    await chmod(directory, PRIVATE);
  } catch (cause) {
    throw new Error(
      `Other users may enter ${directory}, and this one may not change that: chown it to the server's user, or chmod it to 700.`,
      { cause },
    );
  }
}

function describeOpenError(error: unknown, dataDir: string, directory: string): string {
  const { code, message } = isError(error) ? error : { code: undefined, message: String(error) };
  switch (code) {
    case 'LEVEL_LOCKED':
      return `Another process has the store in ${directory} open: stop it, give this one a DATA_DIR of its own, or, for servers that share their progress, set MONGODB_URI.`;
    case 'LEVEL_CORRUPTION':
      return (
        `The store in ${directory} is damaged (${message}): restore it from a backup, ` +
        'or move it away to begin with an empty one.'
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `DATA_DIR ${dataDir} cannot be written: give this user the right to, or name another directory.`;
    case 'EEXIST':
    case 'ENOTDIR':
      return `DATA_DIR ${dataDir} is, or lies under, a file: name a directory.`;
    default:
      return `The store in ${directory} cannot be opened (${message}): check DATA_DIR and its disk.`;
  }
}

/** Opens, or makes, the database under `dataDir`; rejects with a sentence. */
export async function openLevel(dataDir: string): Promise<Level> {
  const directory = join(dataDir, 'progress');
  try {
    await mkdir(directory, { recursive: true, mode: PRIVATE });
  } catch (error) {
    throw new Error(describeOpenError(error, dataDir, directory), { cause: error });
  }
  await closeToOthers(directory);
  await checkCurrent(directory).catch((error: unknown) => {
    if (isError(error) && error.code === undefined) throw error;
    throw new Error(describeOpenError(error, dataDir, directory), { cause: error });
  });
  const level: Level = new ClassicLevel(directory, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
  try {
    await level.open();
  } catch (error) {
    const cause = isError(error) && error.cause !== undefined ? error.cause : error;
    throw new Error(describeOpenError(cause, dataDir, directory), { cause: error });
  }
  return level;
}
