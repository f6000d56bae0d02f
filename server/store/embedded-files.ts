/** Opens the embedded store's directory, or says in one sentence why it cannot be and what would be right. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';

/** The database of the embedded store: JSON text under string keys. */
export type Level = ClassicLevel<string, string>;

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
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw new Error(describeOpenError(error, dataDir, directory), { cause: error });
  }
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
