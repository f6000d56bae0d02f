/** What was ingested last, kept under DATA_DIR: its index, its passages, and what is known of it. */
import { readdir, readFile, rename, rm, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectionFacts, Source } from '../pipeline/documents.js';

/** A collection that can be searched. */
export interface Collection {
  /** Name of its folder. */
  readonly folder: string;
  readonly source: Source;
  readonly facts: CollectionFacts;
}

/** The collections of one DATA_DIR: one that can be searched, and one in the making. */
export interface Collections {
  /** Null where nothing was ingested yet. */
  readonly current: Collection | null;
  /** Absolute path of the current one's folder. */
  readonly currentFolder: string | null;
  /** Absolute path of the folder that holds them all. */
  readonly home: string;
  /** Absolute path of the one in the making; kept after a failure, so that a retry can begin further in. */
  readonly workFolder: string;
  /** Makes the one in the making the current one, and removes the one before. */
  publish(ingestionId: string, source: Source, facts: CollectionFacts): Promise<void>;
}

/** Opens the collections, and makes their folder where it is not there. */
export async function openCollections(dataFolder: string): Promise<Collections> {
  const home = join(dataFolder, 'folder-ingestion');
  const pointer = join(home, 'current.json');
  const workFolder = join(home, 'work');
  await mkdir(home, { recursive: true });
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
      // An id may hold a colon, which not every file system takes.
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
