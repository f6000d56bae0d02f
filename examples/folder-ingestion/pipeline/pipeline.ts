/** The four phases in order, from the one that is asked for. Knows no server and no thread. */
import type { PhaseNumber } from '@ingestion-progress/schema';
import { analyse } from './analysis.js';
import type { PipelineListener } from './beat.js';
import { discover } from './discovery.js';
import type { CollectionFacts, PipelineResult, Source } from './documents.js';
import { extract } from './extraction.js';
import { index } from './indexing.js';
import { openWorkFolder, type Manifest } from './work-folder.js';

export type { PipelineListener } from './beat.js';

/** What to run, as plain data. */
export interface PipelineRequest {
  readonly source: Source;
  /** Absolute path of the folder that keeps what the phases make. */
  readonly workFolder: string;
  /** Phases before this one are taken from the work folder. */
  readonly fromPhase: PhaseNumber;
}

/** Share of each phase in the time of a whole run, as measured on documentation. */
export const PHASE_WEIGHTS = [6, 26, 28, 40];

/** The phase to begin at, at most `wished`: one whose predecessors have left their work on this very source. */
export async function firstPossiblePhase(request: Omit<PipelineRequest, 'fromPhase'>, wished: PhaseNumber) {
  const work = await openWorkFolder(request.workFolder);
  const manifest = await work.readManifest();
  if (manifest === null || JSON.stringify(manifest.source) !== JSON.stringify(request.source)) return 1;
  const done = [manifest.discovered, manifest.extracted, manifest.analysed];
  const firstUndone = done.findIndex((phase) => phase === undefined);
  const furthest = (firstUndone === -1 ? 4 : firstUndone + 1) as PhaseNumber;
  return wished < furthest ? wished : furthest;
}

/** Runs to the end, or rejects with the signal's reason, or with what made it impossible. */
export async function runPipeline(
  request: PipelineRequest,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<PipelineResult> {
  const { source, fromPhase } = request;
  const work = await openWorkFolder(request.workFolder);
  const kept = fromPhase === 1 ? null : await work.readManifest();
  if (fromPhase > 1 && kept === null) throw new Error(`nothing is kept to begin at phase ${fromPhase} with`);

  let manifest: Manifest = { source };
  const settle = async (step: Partial<Manifest>): Promise<void> => {
    manifest = { ...manifest, ...step };
    await work.writeManifest(manifest);
  };
  await settle({});

  const discovered =
    (fromPhase > 1 ? kept?.discovered : undefined) ?? (await discover(source, work, listener, signal));
  await settle({ discovered });
  const extracted =
    (fromPhase > 2 ? kept?.extracted : undefined) ??
    (await extract(source, discovered, work, listener, signal));
  await settle({ extracted });
  const analysed =
    (fromPhase > 3 ? kept?.analysed : undefined) ?? (await analyse(extracted, work, listener, signal));
  await settle({ analysed });
  await settle({ indexed: await index(analysed, work, listener, signal) });

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
  return `${found} can be searched; ${count(duplicates, 'duplicate was', 'duplicates were')} left out.`;
}
