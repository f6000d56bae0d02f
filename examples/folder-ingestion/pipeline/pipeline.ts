/** Runs the four phases in order, starting with the requested one. Knows no server and no thread. */
import { analyse } from './analysis.js';
import type { PipelineListener } from './phase-loop.js';
import { discover } from './discovery.js';
import type { CollectionFacts, PipelineResult, Source } from './documents.js';
import { extract } from './extraction.js';
import { index } from './indexing.js';
import { openWorkFolder, type Manifest } from './work-folder.js';

export type { PipelineListener } from './phase-loop.js';

/** What to run. Plain data. */
export interface PipelineRequest {
  readonly source: Source;
  /** The absolute path of the folder for the results of the phases. */
  readonly workFolder: string;
  /** The results of earlier phases are taken from the work folder. */
  readonly fromPhase: number;
}

/** The share of each phase in the time of a run, measured with documentation. */
export const PHASE_WEIGHTS = [6, 26, 28, 40];

/** The phase to start with, at most `requested`: all earlier phases must have results for this source. */
export async function firstPossiblePhase(request: Omit<PipelineRequest, 'fromPhase'>, requested: number) {
  const work = await openWorkFolder(request.workFolder);
  const manifest = await work.readManifest();
  if (manifest === null || JSON.stringify(manifest.source) !== JSON.stringify(request.source)) return 1;
  const done = [manifest.discovered, manifest.extracted, manifest.analysed];
  const firstUndone = done.findIndex((phase) => phase === undefined);
  const furthest = firstUndone === -1 ? 4 : firstUndone + 1;
  return requested < furthest ? requested : furthest;
}

/** Runs the phases. Rejects with the signal's reason or with a fatal error. */
export async function runPipeline(
  request: PipelineRequest,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<PipelineResult> {
  const { source, fromPhase } = request;
  const work = await openWorkFolder(request.workFolder);
  const kept = fromPhase === 1 ? null : await work.readManifest();
  if (fromPhase > 1 && kept === null) throw new Error(`no results to start phase ${fromPhase} with`);

  let manifest: Manifest = { source };
  const save = async (step: Partial<Manifest>): Promise<void> => {
    manifest = { ...manifest, ...step };
    await work.writeManifest(manifest);
  };
  await save({});

  const discovered =
    (fromPhase > 1 ? kept?.discovered : undefined) ?? (await discover(source, work, listener, signal));
  await save({ discovered });
  const extracted =
    (fromPhase > 2 ? kept?.extracted : undefined) ??
    (await extract(source, discovered, work, listener, signal));
  await save({ extracted });
  const analysed =
    (fromPhase > 3 ? kept?.analysed : undefined) ?? (await analyse(extracted, work, listener, signal));
  await save({ analysed });
  await save({ indexed: await index(analysed, work, listener, signal) });

  const failures = [...discovered.failures, ...extracted.failures];
  return {
    itemsProcessed: discovered.files + discovered.failed,
    itemsFailed: discovered.failed + extracted.failed,
    bytesProcessed: extracted.bytes,
    summary: summaryOf(analysed),
    output: { ...analysed, failures },
  };
}

function summaryOf({ documents, passages, duplicates }: Omit<CollectionFacts, 'failures'>): string {
  const count = (number: number, one: string, many: string): string =>
    `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
  const found = `${count(documents, 'document', 'documents')} in ${count(passages, 'passage', 'passages')}`;
  return `${found} indexed; ${count(duplicates, 'duplicate', 'duplicates')} skipped.`;
}
