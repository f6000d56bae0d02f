/** Phase 4: builds a full-text index of the passages with MiniSearch, and saves it. */
import { writeFile } from 'node:fs/promises';
import MiniSearch from 'minisearch';
import { beginPhase, type PipelineListener, type Standing } from './beat.js';
import type { Passage } from './documents.js';
import { readLines, type LinePlace, type Manifest, type WorkFolder } from './work-folder.js';

/** A passage as the index knows it: where it stands, and what is searched. */
export type IndexedPassage = Passage & LinePlace & { readonly id: number };

/** How the index is built; who loads it must say the same. The text itself stays in the passages' file. */
export const INDEX_OPTIONS = Object.freeze({
  fields: ['title', 'heading', 'text'],
  storeFields: ['offset', 'length'],
});

/** Share of the phase that adding takes, in percent; the rest is saving. */
const ADDING_PERCENT = 90;

/** Leaves the index. */
export async function index(
  analysed: NonNullable<Manifest['analysed']>,
  work: WorkFolder,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<NonNullable<Manifest['indexed']>> {
  const beat = beginPhase(4, 'Building the index', listener, signal);
  const miniSearch = new MiniSearch<IndexedPassage>(INDEX_OPTIONS);
  let added = 0;
  const standing = (): Standing => ({
    percent: analysed.passages === 0 ? ADDING_PERCENT : (ADDING_PERCENT * added) / analysed.passages,
    metrics: { itemsTotal: analysed.passages, itemsProcessed: added },
  });
  for await (const passage of readLines<Passage>(work.passages)) {
    miniSearch.add({ ...passage, id: added });
    added += 1;
    await beat.tick(standing);
  }
  const json = Buffer.from(JSON.stringify(miniSearch));
  signal.throwIfAborted();
  await writeFile(work.index, json, { signal });
  // Counting the terms walks through the whole index, so it is done once.
  const counters = [{ name: 'terms', label: 'Index terms', value: miniSearch.termCount }];
  const written = { bytesProcessed: json.length, bytesTotal: json.length };
  beat.end({ percent: 100, metrics: { ...standing().metrics, ...written, counters } });
  return { bytes: json.length };
}
