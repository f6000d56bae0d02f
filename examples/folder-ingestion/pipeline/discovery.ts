/** Phase 1: walks the source and selects its documents, in a stable order. Reads no file. */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startPhase, type PhaseProgress, type PipelineListener } from './phase-loop.js';
import type { Source, SourceFile } from './documents.js';
import { createFailures } from './failures.js';
import { isDocumentation, kindOf } from './kinds.js';
import { writeLines, type Manifest, type WorkFolder } from './work-folder.js';

/** Larger files are data rather than documents. */
const MAX_FILE_BYTES = 4 << 20;

/** Writes one line per selected file. */
export async function discover(
  source: Source,
  work: WorkFolder,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<NonNullable<Manifest['discovered']>> {
  const loop = startPhase(1, 'Looking for documents', listener, signal);
  const counts = { files: 0, bytes: 0, folders: 0, skipped: 0 };
  const failures = createFailures();
  // The size of the tree is unknown until it was walked, so there is no percent before the end.
  const progress = (): PhaseProgress => ({
    percent: null,
    metrics: {
      itemsProcessed: counts.files + failures.count,
      itemsFailed: failures.count,
      bytesProcessed: counts.bytes,
      counters: [
        { name: 'folders', label: 'Folders', value: counts.folders },
        { name: 'skipped', label: 'Other files', value: counts.skipped },
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
      // An unreadable root is fatal; an unreadable folder inside it is one failure among others.
      if (folder === '') throw error;
      failures.add(folder, error);
      return [];
    }
  };
  const select = async (name: string, path: string): Promise<void> => {
    const kind = kindOf(name);
    const isSelected = kind !== null && (!source.documentationOnly || isDocumentation(name));
    const size = isSelected ? await sizeOf(path) : 0;
    if (!isSelected || size === 0 || size > MAX_FILE_BYTES) {
      counts.skipped += 1;
      return;
    }
    counts.files += 1;
    counts.bytes += size;
    await lines.write({ path, bytes: size, kind } satisfies SourceFile);
  };

  // Symbolic links are not followed: they may lead out of the source or form cycles.
  const queue = [''];
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    counts.folders += 1;
    const folders: string[] = [];
    for (const entry of await entriesOf(folder)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) await select(entry.name, path);
      else if (entry.isDirectory() && !entry.name.startsWith('.') && !source.skipFolders.includes(entry.name))
        folders.push(path);
      await loop.tick(progress);
    }
    queue.push(...folders.reverse());
  }
  loop.end({
    percent: 100,
    metrics: { ...progress().metrics, itemsTotal: counts.files, bytesTotal: counts.bytes },
  });
  return { files: counts.files, bytes: counts.bytes, failed: failures.count, failures: failures.first };
}
