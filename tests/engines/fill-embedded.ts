/**
 * Fills an embedded store with a past: many ended ingestions with their logs, many open ones. Writes its keys straight
 * into LevelDB, since through the store each would be an fsync. As a program:
 *
 *     npx tsx --conditions=source tests/engines/fill-embedded.ts DATA_DIR [SCALE]
 *
 * where a SCALE of 1 is the past that issue 14 asks the server to live with.
 */
import { pathToFileURL } from 'node:url';
import type { IngestionProgress } from '@ingestion-progress/schema';
import { serializeEvent, serializeRecord } from '../../server/progress/record-codec.js';
import { openLevel } from '../../server/store/embedded-files.js';
import * as keys from '../../server/store/embedded-keys.js';
import { entryOf, failureOf, recordOf } from '../support/records.js';

/** Ingestions of one kind. */
export interface FilledGroup {
  /** What their projects' ids begin with. */
  readonly name: string;
  /** `failed` is recoverably, and as open as `running`. */
  readonly state: 'ended' | 'running' | 'failed';
  readonly ingestions: number;
  /**
   * Ingestions of each project; all but the last one have ended.
   * @default 1
   */
  readonly perProject?: number;
  /** Log entries of each. */
  readonly logEntries: number;
  /** Milliseconds since they were last touched. */
  readonly ageMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So that nothing finds a running one silent. */
const STALE_AFTER_MS = 7 * DAY_MS;
/** Operations in one batch. */
const BATCH = 2_000;
/** As many as `EVENTS_PER_INGESTION` keeps. */
const FULL_LOG = 500;

/** The past that issue 14 asks the server to live with, at this scale. */
export function pastOf(scale: number): readonly FilledGroup[] {
  const many = (count: number) => Math.round(count * scale);
  return [
    {
      name: 'ended',
      state: 'ended',
      ingestions: many(1_000_000),
      perProject: 10,
      logEntries: 3,
      ageMs: DAY_MS,
    },
    { name: 'full', state: 'ended', ingestions: many(1_000), logEntries: FULL_LOG, ageMs: DAY_MS },
    { name: 'running', state: 'running', ingestions: many(36_000), logEntries: 3, ageMs: 60_000 },
    { name: 'failed', state: 'failed', ingestions: many(14_000), logEntries: 3, ageMs: HOUR_MS },
  ];
}

const COUNTS = { itemsFailed: 0, bytesTotal: 10_000_000, bytesProcessed: 10_000_000, counters: [] };
const METRICS = {
  itemsTotal: 1_000,
  itemsProcessed: 1_000,
  ...COUNTS,
  itemsPerSecond: 12.5,
  etaSeconds: null,
  etaLowSeconds: null,
  etaHighSeconds: null,
  itemsTotalIsFinal: true,
};

function stateOf(state: FilledGroup['state'], updatedAt: number): Partial<IngestionProgress> {
  const running = { currentPhase: 3, progressPercent: 62.5, metrics: METRICS };
  if (state === 'running') return running;
  if (state === 'failed') return { ...running, ...failureOf(true) };
  const result = {
    outcome: 'SUCCESS' as const,
    itemsProcessed: 1_000,
    itemsFailed: 0,
    bytesProcessed: 10_000_000,
    links: [],
    durationMs: 60_000,
    summary: '1,000 documents went in.',
    output: null,
  };
  return {
    ...running,
    status: 'COMPLETED',
    currentPhase: 4,
    progressPercent: 100,
    completedAt: updatedAt,
    result,
  };
}

/** Writes these ingestions into the store under `dataDir`, which nobody has open. */
export async function fillEmbedded(dataDir: string, groups: readonly FilledGroup[]): Promise<void> {
  const level = await openLevel(dataDir);
  let batch: { readonly type: 'put'; readonly key: string; readonly value: string }[] = [];
  const flush = async () => {
    await level.batch(batch);
    batch = [];
  };
  const put = (key: string, value: string) => void batch.push({ type: 'put', key, value });

  const now = Date.now();
  for (const { name, state, ingestions, perProject = 1, logEntries, ageMs } of groups) {
    for (let index = 0; index < ingestions; index += 1) {
      const place = index % perProject;
      const isLatest = place === perProject - 1 || index === ingestions - 1;
      const projectId = `${name}-${Math.floor(index / perProject)}`;
      const id = `i-${place}`;
      const startedAt = now - ageMs - (perProject - place) * HOUR_MS;
      const updatedAt = isLatest ? now - ageMs : startedAt + 60_000;
      const own = isLatest ? state : 'ended';
      const ids = { projectId, id, startedAt, updatedAt, revision: updatedAt, staleAfterMs: STALE_AFTER_MS };
      const record = recordOf({ ...ids, ...stateOf(own, updatedAt) });
      put(isLatest ? keys.latestKey(projectId) : keys.historyKey(projectId, id), serializeRecord(record));
      put(keys.startKey(record.progress), '');
      if (own !== 'ended') put(keys.openKey(projectId), '');
      for (let entry = 1; entry <= logEntries; entry += 1) {
        const event = entryOf(startedAt + entry);
        put(keys.eventKey(projectId, id, event), serializeEvent(event));
        if (batch.length >= BATCH) await flush();
      }
      if (batch.length >= BATCH) await flush();
    }
  }
  await flush();
  await level.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [dataDir, scale = '1'] = process.argv.slice(2);
  if (dataDir === undefined || !(Number(scale) > 0)) {
    console.error('Usage: npx tsx --conditions=source tests/engines/fill-embedded.ts DATA_DIR [SCALE]');
    process.exit(2);
  }
  const before = performance.now();
  await fillEmbedded(dataDir, pastOf(Number(scale)));
  console.log(`Filled ${dataDir} in ${((performance.now() - before) / 1_000).toFixed(1)} s.`);
}
