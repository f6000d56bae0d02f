/** Which folders may be ingested: the one that was given, and those under it. Nothing else of the disk. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Source } from './pipeline/documents.js';

/** A folder that cannot be ingested; the message is for people. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** The folders that may be ingested. */
export interface Sources {
  /** The whole of it. */
  readonly root: Source;
  /** A source's folder as people know it: relative to where the process was started, where it is under that. */
  nameOf(source: Source): string;
  /**
   * A folder under the root, by its path relative to it; empty for the root.
   * @throws SourceError where it is not there, or not under the root.
   */
  under(path: string): Promise<Source>;
}

async function folderAt(path: string, shown: string): Promise<string> {
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    throw new SourceError(`There is no folder ${shown}, or it cannot be entered.`, { cause: error });
  }
  throw new SourceError(`${shown} is a file; give the folder that it is in.`);
}

/**
 * The given folder, or the documentation under `node_modules` where none is given: some 55 MB of prose and of
 * declarations' comments, about half a minute's work for two cores.
 */
export async function openSources(folder: string | null, workingFolder: string): Promise<Sources> {
  const shown = folder ?? 'node_modules';
  const root: Source = {
    root: await folderAt(resolve(workingFolder, shown), shown),
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
      if (path.includes('\0')) throw new SourceError('A path has no zero bytes.');
      const wanted = await folderAt(resolve(root.root, path), path).catch(() => null);
      const inside = wanted === null ? null : relative(root.root, wanted);
      // One sentence for both, so that nobody learns what is on the disk elsewhere.
      if (wanted === null || inside === null || isAbsolute(inside) || inside.split(sep)[0] === '..') {
        throw new SourceError(`There is no folder ${path} under ${shown}.`);
      }
      return { ...root, root: wanted };
    },
  };
}
