/** The folders that may be ingested: the given one and those inside it, nothing else on the disk. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Source } from './pipeline/documents.js';

/** A folder that can't be ingested; the message is shown to people. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** The folders that may be ingested. */
export interface Sources {
  /** The given folder. */
  readonly root: Source;
  /** The folder of a source as shown to people: relative to the working directory if it is inside it. */
  nameOf(source: Source): string;
  /**
   * A folder inside the root, by its relative path; empty for the root.
   * @throws SourceError if it doesn't exist or is not inside the root.
   */
  under(path: string): Promise<Source>;
}

async function folderAt(path: string, name: string): Promise<string> {
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    throw new SourceError(`There is no folder ${name}, or it can't be opened.`, { cause: error });
  }
  throw new SourceError(`${name} is a file. Give a folder.`);
}

/**
 * The given folder, or by default the documentation under `node_modules`: about 55 MB of prose and comments of
 * declarations, half a minute of work on two cores.
 */
export async function openSources(folder: string | null, workingFolder: string): Promise<Sources> {
  const name = folder ?? 'node_modules';
  const root: Source = {
    root: await folderAt(resolve(workingFolder, name), name),
    documentationOnly: folder === null,
    skipFolders: folder === null ? [] : ['node_modules'],
  };
  return {
    root,
    nameOf({ root: path }) {
      const short = relative(workingFolder, path);
      return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
    },
    async under(path) {
      if (path.includes('\0')) throw new SourceError('A path must not contain zero bytes.');
      const found = await folderAt(resolve(root.root, path), path).catch(() => null);
      const inside = found === null ? null : relative(root.root, found);
      // The same message for both cases, so that it doesn't reveal what is elsewhere on the disk.
      if (found === null || inside === null || isAbsolute(inside) || inside.split(sep)[0] === '..') {
        throw new SourceError(`There is no folder ${path} under ${name}.`);
      }
      return { ...root, root: found };
    },
  };
}
