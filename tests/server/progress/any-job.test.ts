/** Any job at all: random reports, attempts and phases against what must hold for everybody who watches. */
import fc from 'fast-check';
import { isEnded, type IngestionProgress } from '@ingestion-progress/schema';
import { expect, test } from 'vitest';
import { isBehind, mergeStates } from '../../../server/progress/change.js';
import { initialState, nextAttempt } from '../../../server/progress/initial-state.js';
import { parseRecord, serializeRecord } from '../../../server/progress/record-codec.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import { reduce } from '../../../server/progress/reduce.js';
import { parseReport, type Report } from '../../../server/progress/report.js';

type Step =
  | { readonly kind: 'report'; readonly type: Report['type']; readonly fields: object; readonly ms: number }
  | { readonly kind: 'attempt'; readonly fromPhase: number; readonly ms: number };

const phase = fc.integer({ min: 1, max: 12 });
const count = fc.option(fc.nat(1_000), { nil: undefined });
const metrics = fc.option(
  fc.record({
    ...{ itemsProcessed: count, itemsTotal: count, bytesProcessed: count, bytesTotal: count },
    itemsTotalIsFinal: fc.option(fc.boolean(), { nil: undefined }),
  }),
  { nil: undefined },
);
const percent = fc.option(fc.oneof(fc.double({ min: -5, max: 120 }), fc.constant(Number.NaN)), {
  nil: undefined,
});
const part = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined });
const fieldsOf: Readonly<
  Record<Exclude<Report['type'], 'ingestion_complete' | 'cancelled' | 'problems'>, fc.Arbitrary<object>>
> = {
  phase_started: fc.record({ phase, message: fc.constant('on'), keepRunning: fc.boolean() }),
  phase_completed: fc.record({ phase }),
  progress_update: fc.record({ phase, progressPercent: percent, metrics, part }),
  heartbeat: fc.constant({}),
  waiting: fc.record({ queuePosition: fc.integer({ min: 1, max: 9 }) }),
  pause: fc.constant({ reason: 'Night' }),
  resume: fc.constant({}),
  error: fc.record({ phase, errorCode: fc.string(), message: fc.string(), recoverable: fc.constant(true) }),
};
const ms = fc.integer({ min: 0, max: 100_000 });
const types = Object.keys(fieldsOf) as (keyof typeof fieldsOf)[];
const report = (type: keyof typeof fieldsOf) =>
  fc.record({ kind: fc.constant('report' as const), type: fc.constant(type), fields: fieldsOf[type], ms });
const step: fc.Arbitrary<Step> = fc.oneof(
  ...types.map(report),
  report('progress_update'),
  report('progress_update'),
  report('phase_started'),
  fc.record({ kind: fc.constant('attempt' as const), fromPhase: fc.integer({ min: 1, max: 3 }), ms }),
);
const ending = fc.option(
  fc.constantFrom(
    { type: 'ingestion_complete' as const, fields: { result: {} } },
    { type: 'cancelled' as const, fields: {} },
    { type: 'error' as const, fields: { errorCode: 'E', message: 'e', recoverable: false } },
  ),
);

const RANK = { PENDING: 0, RUNNING: 1, FAILED: 1, STOPPED: 2, SKIPPED: 2, COMPLETED: 2 };

function expectForward(before: IngestionProgress, after: IngestionProgress): void {
  expect(after.updatedAt).toBeGreaterThanOrEqual(before.updatedAt);
  expect(after.progressedAt).toBeLessThanOrEqual(after.updatedAt);
  if (after.attempt !== before.attempt) return;
  expect(after.currentPhase).toBeGreaterThanOrEqual(before.currentPhase);
  expect(after.progressPercent ?? 0).toBeGreaterThanOrEqual(before.progressPercent ?? 0);
  for (const [index, { status, percent }] of after.phases.entries()) {
    const earlier = before.phases[index];
    expect(RANK[status]).toBeGreaterThanOrEqual(RANK[earlier?.status ?? 'PENDING']);
    expect(percent ?? 0).toBeGreaterThanOrEqual(earlier?.percent ?? 0);
  }
}

function expectSound(progress: IngestionProgress): void {
  const { phases, progressPercent } = progress;
  expect(phases.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1);
  if (progress.status !== 'COMPLETED') expect(progressPercent ?? 0).toBeLessThanOrEqual(99);
  if (isEnded(progress)) {
    expect(phases.filter(({ status }) => status === 'RUNNING')).toEqual([]);
    expect([progress.pause, progress.waiting, progress.etaSeconds]).toEqual([null, null, null]);
  }
  for (const { status, percent, metrics, startedAt, completedAt } of phases) {
    expect(percent ?? 0).toBeGreaterThanOrEqual(0);
    expect(percent ?? 0).toBeLessThanOrEqual(100);
    if (status === 'COMPLETED') expect(percent).toBe(100);
    if (status === 'RUNNING') expect(startedAt).not.toBeNull();
    if (startedAt !== null && completedAt !== null) expect(completedAt).toBeGreaterThanOrEqual(startedAt);
    const { etaSeconds = null, etaLowSeconds = null, etaHighSeconds = null } = metrics ?? {};
    if (etaSeconds !== null) {
      expect(etaLowSeconds).toBeLessThanOrEqual(etaSeconds);
      expect(etaHighSeconds).toBeGreaterThanOrEqual(etaSeconds);
    }
  }
}

// (invariant: never-back) (invariant: ending-is-final)
test('whatever it reports, no state goes back within an attempt, and each makes sense by itself', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { maxLength: 40, size: 'max' }),
      ending,
      (phases, steps, last) => {
        const start = {
          projectId: 'p',
          phases: Array.from({ length: phases }, (_, index) => ({ name: `Phase ${index}` })),
        };
        const context = { ingestionId: 'i', ownerServerId: null };
        let nowMs = 1_000;
        let { record } = initialState(start, { ...context, nowMs });
        const states: IngestionRecord[] = [record];
        const take = (next: IngestionRecord) => {
          const revision = record.progress.revision + 1;
          const stamped = { ...next, progress: { ...next.progress, revision } };
          const stored = parseRecord(serializeRecord(stamped), 'record');
          expect(stored).toEqual(stamped);
          expectForward(record.progress, stored.progress);
          expectSound(stored.progress);
          record = stored;
          states.push(record);
        };
        const send = (type: Report['type'], fields: object) => {
          const given = { type, report: { projectId: 'p', ingestionId: 'i', ...fields } } as Report;
          const result = reduce(record, parseReport(given, 'elsewhere').report, nowMs);
          if (result.kind === 'changed') take(result.change.record);
        };
        for (const each of steps) {
          nowMs += each.ms;
          if (each.kind === 'report') send(each.type, each.fields);
          else {
            const fromPhase = Math.min(each.fromPhase, phases);
            take(nextAttempt(record, { ...start, fromPhase }, { ...context, nowMs }).record);
          }
        }
        // Two servers that saw different states end with one that is behind neither.
        const [a, b] = [states[Math.floor(states.length / 2)], record];
        if (a !== undefined) {
          const merged = mergeStates(a, b);
          expect([isBehind(merged, a), isBehind(merged, b)]).toEqual([false, false]);
        }
        if (last !== null) {
          send(last.type, last.fields);
          expect(isEnded(record.progress)).toBe(true);
          const ended = record;
          send('heartbeat', {});
          send('progress_update', { phase: 1, progressPercent: 5 });
          expect(record).toBe(ended);
        }
      },
    ),
    { numRuns: 500 },
  );
});
