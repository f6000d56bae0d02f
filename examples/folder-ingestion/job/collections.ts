/** The latest ingested collection, stored under DATA_DIR: its index, its passages, and its statistics. */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectionFacts, Source } from '../pipeline/documents.js';

/** A collection that can be searched. */
export interface Collection {
  /** The name of its folder. */
  readonly folder: string;
  readonly source: Source;
  readonly facts: CollectionFacts;
}

/** The collections of a DATA_DIR: one that can be searched, and one being built. */
export interface Collections {
  /** Null if nothing was ingested yet. */
  readonly current: Collection | null;
  /** The absolute path of the current collection's folder. */
  readonly currentFolder: string | null;
  /** The absolute path of the folder that contains all of them. */
  readonly home: string;
  /** The absolute path of the collection being built; kept after a failure, so that a retry can skip phases. */
  readonly workFolder: string;
  /** Makes the collection being built the current one, and deletes the previous one. */
  publish(ingestionId: string, source: Source, facts: CollectionFacts): Promise<void>;
}

/** Opens the collections; creates their folder if it is missing. */
export async function openCollections(dataFolder: string): Promise<Collections> {
  const home = join(dataFolder, 'folder-ingestion');
  const pointer = join(home, 'current.json');
  const workFolder = join(home, 'work');
  await mkdir(home, { recursive: true, mode: 0o700 });
  // It holds passages of people's documents: one that is there already may be open to other users.
  await chmod(home, 0o700);
  let current = await readPointer(pointer);
  return {
    home,
    workFolder,
    get current() {
      return current;
    },
    get currentFolder() {
      return current === null ? null : join(home, current.folder);
    },
    async publish(ingestionId, source, facts) {
      // An id may contain a colon, which some file systems reject.
      const next: Collection = {
        folder: `collection-${Buffer.from(ingestionId).toString('hex')}`,
        source,
        facts,
      };
      await rm(join(home, next.folder), { recursive: true, force: true });
      await rename(workFolder, join(home, next.folder));
      await writeFile(`${pointer}.new`, JSON.stringify(next));
      await rename(`${pointer}.new`, pointer);
      current = next;
      for (const name of await readdir(home)) {
        if (name.startsWith('collection-') && name !== next.folder) {
          await rm(join(home, name), { recursive: true, force: true });
        }
      }
    },
  };
}

async function readPointer(path: string): Promise<Collection | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Collection;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
