/** Phase 1: walks the source and chooses its documents, in a stable order. Reads no file. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beginPhase, type PipelineListener, type Standing } from './beat.js';
import type { Source, SourceFile } from './documents.js';
import { createFailures } from './failures.js';
import { isDocumentation, kindOf } from './kinds.js';
import { writeLines, type Manifest, type WorkFolder } from './work-folder.js';

/** Files beyond this size are data rather than documents. */
const MOST_FILE_BYTES = 4 << 20;

/** Leaves one line for each chosen file. */
export async function discover(
  source: Source,
  work: WorkFolder,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<NonNullable<Manifest['discovered']>> {
  const beat = beginPhase(1, 'Looking for documents', listener, signal);
  const counts = { files: 0, bytes: 0, folders: 0, passedOver: 0 };
  const failures = createFailures();
  // How much there is to walk is not known before it is walked, so there is no percent until the end.
  const standing = (): Standing => ({
    percent: null,
    metrics: {
      itemsProcessed: counts.files + failures.count,
      itemsFailed: failures.count,
      bytesProcessed: counts.bytes,
      counters: [
        { name: 'folders', label: 'Folders', value: counts.folders },
        { name: 'passedOver', label: 'Other files', value: counts.passedOver },
      ],
    },
  });
  await using lines = await writeLines(work.files);

  const sizeOf = async (path: string): Promise<number> => {
    try {
      return (await lstat(join(source.root, path))).size;
    } catch (error) {
      failures.add(path, error);
      return 0;
    }
  };
  const entriesOf = async (folder: string): Promise<Dirent[]> => {
    try {
      const entries = await readdir(join(source.root, folder), { withFileTypes: true });
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      // Without its root there is no source; a folder in it that cannot be read is one failure among others.
      if (folder === '') throw error;
      failures.add(folder, error);
      return [];
    }
  };
  const choose = async (name: string, path: string): Promise<void> => {
    const kind = kindOf(name);
    const isWanted = kind !== null && (!source.documentationOnly || isDocumentation(name));
    const size = isWanted ? await sizeOf(path) : 0;
    if (!isWanted || size === 0 || size > MOST_FILE_BYTES) {
      counts.passedOver += 1;
      return;
    }
    counts.files += 1;
    counts.bytes += size;
    await lines.write({ path, bytes: size, kind } satisfies SourceFile);
  };

  // Symbolic links are not followed: they lead out of the source, or round in circles.
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    counts.folders += 1;
    const folders: string[] = [];
    for (const entry of await entriesOf(folder)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) await choose(entry.name, path);
      else if (entry.isDirectory() && !entry.name.startsWith('.') && !source.skipFolders.includes(entry.name))
        folders.push(path);
      await beat.tick(standing);
    }
    waiting.push(...folders.reverse());
  }
  beat.end({
    percent: 100,
    metrics: { ...standing().metrics, itemsTotal: counts.files, bytesTotal: counts.bytes },
  });
  return { files: counts.files, bytes: counts.bytes, failed: failures.count, failures: failures.first };
}
