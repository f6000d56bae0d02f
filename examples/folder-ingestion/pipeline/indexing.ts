/** Phase 4: builds a full-text index of the passages with MiniSearch, and saves it. */
import { writeFile } from 'node:fs/promises';
import MiniSearch from 'minisearch';
import { startPhase, type PhaseProgress, type PipelineListener } from './phase-loop.js';
import type { Passage } from './documents.js';
import { readLines, type LinePosition, type Manifest, type WorkFolder } from './work-folder.js';

/** An indexed passage: its text and its position in the file. */
export type IndexedPassage = Passage & LinePosition & { readonly id: number };

/** Options of the index, for building and for loading it. The text itself stays in the file of passages. */
export const INDEX_OPTIONS = Object.freeze({
  fields: ['title', 'heading', 'text'],
  storeFields: ['offset', 'length'],
});

/** The percent at which all passages are added; the rest is saving. */
const ADDED_PERCENT = 90;

/** Builds and saves the index. */
export async function index(
  analysed: NonNullable<Manifest['analysed']>,
  work: WorkFolder,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<NonNullable<Manifest['indexed']>> {
  const loop = startPhase(4, 'Building the index', listener, signal);
  const miniSearch = new MiniSearch<IndexedPassage>(INDEX_OPTIONS);
  let added = 0;
  const progress = (): PhaseProgress => ({
    percent: analysed.passages === 0 ? ADDED_PERCENT : (ADDED_PERCENT * added) / analysed.passages,
    metrics: { itemsTotal: analysed.passages, itemsProcessed: added },
  });
  for await (const passage of readLines<Passage>(work.passages)) {
    miniSearch.add({ ...passage, id: added });
    added += 1;
    await loop.tick(progress);
  }
  const json = Buffer.from(JSON.stringify(miniSearch));
  signal.throwIfAborted();
  await writeFile(work.index, json, { signal });
  // Counting the terms walks through the whole index, so it is done only once.
  const counters = [{ name: 'terms', label: 'Index terms', value: miniSearch.termCount }];
  const written = { bytesProcessed: json.length, bytesTotal: json.length };
  loop.end({ percent: 100, metrics: { ...progress().metrics, ...written, counters } });
  return { bytes: json.length };
}
