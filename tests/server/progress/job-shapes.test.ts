/** Jobs of any shape, reduced: one to twelve phases that may overlap, attempts, pauses, open totals, parts. */
import type { StartReport } from '@ingestion-progress/schema';
import { describe, expect, test } from 'vitest';
import { initialState, nextAttempt } from '../../../server/progress/initial-state.js';
import { mergeStates } from '../../../server/progress/change.js';
import { parseRecord, serializeRecord } from '../../../server/progress/record-codec.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import { reduce, type ReduceResult } from '../../../server/progress/reduce.js';
import { parseReport, type Report } from '../../../server/progress/report.js';

const address = { projectId: 'p', ingestionId: 'i' };

/** A job that reports one thing a second, from second 1 on. */
function createJob(start: Partial<StartReport> = {}) {
  const context = { ingestionId: 'i', ownerServerId: null, nowMs: 0 };
  let { record } = initialState({ projectId: 'p', ...start }, context);
  let second = 0;
  const send = (type: Report['type'], fields: object = {}): ReduceResult => {
    second += 1;
    const { report } = parseReport({ type, report: { ...address, ...fields } } as Report, 'elsewhere');
    const result = reduce(record, report, second * 1_000);
    // As a store would give it back.
    if (result.kind === 'changed') record = parseRecord(serializeRecord(result.change.record), 'record');
    return result;
  };
  return {
    send,
    take: (next: IngestionRecord) => (record = next),
    get record() {
      return record;
    },
    get progress() {
      return record.progress;
    },
    get statuses() {
      return record.progress.phases.map(({ status }) => status);
    },
    get percents() {
      return record.progress.phases.map(({ percent }) => percent);
    },
  };
}

describe('phases', () => {
  test.each([1, 2, 7, 12])('a job of %i phases runs through all of them to 100%%', (count) => {
    const phases = Array.from({ length: count }, (_, index) => ({ name: `Step ${index + 1}` }));
    const job = createJob({ phases });
    const seen: number[] = [];
    for (let phase = 1; phase <= count; phase += 1) {
      job.send('phase_started', { phase, message: 'on' });
      job.send('progress_update', { phase, metrics: { itemsProcessed: 5, itemsTotal: 10 } });
      seen.push(job.progress.progressPercent ?? -1);
    }
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(Math.max(...seen)).toBeLessThanOrEqual(99);
    job.send('ingestion_complete', { result: {} });
    expect(job.progress).toMatchObject({ status: 'COMPLETED', progressPercent: 100, currentPhase: count });
    expect(job.statuses).toEqual(phases.map(() => 'COMPLETED'));
  });

  test('a phase beyond the last one is refused with its path, and loses nothing', () => {
    const job = createJob({ phases: [{ name: 'Only' }] });
    const before = job.record;
    const result = job.send('progress_update', { phase: 2, progressPercent: 5 });
    expect(result).toMatchObject({ kind: 'rejected', code: 'BAD_USER_INPUT' });
    expect(result).toHaveProperty('message', expect.stringContaining('phase: must be 1 to 1'));
    expect(job.record).toBe(before);
  });

  test('one phase opens at no percent, not at three quarters', () => {
    expect(createJob({ phases: [{ name: 'Copy' }] }).progress.progressPercent).toBeNull();
  });

  test('with keepRunning an earlier phase goes on, keeps its counts, and is completed by itself', () => {
    const job = createJob({ phases: [{ name: 'Read' }, { name: 'Write' }] });
    job.send('progress_update', { phase: 1, metrics: { itemsProcessed: 200, itemsTotal: 700 } });
    job.send('phase_started', { phase: 2, message: 'Writing', keepRunning: true });
    expect(job.statuses).toEqual(['RUNNING', 'RUNNING']);
    job.send('progress_update', { phase: 1, metrics: { itemsProcessed: 600 } });
    job.send('progress_update', { phase: 2, metrics: { itemsProcessed: 70, itemsTotal: 700 } });
    expect(job.percents).toEqual([85.71, 10]);
    expect(job.progress.currentPhase).toBe(2);
    job.send('phase_completed', { phase: 1 });
    expect(job.statuses).toEqual(['COMPLETED', 'RUNNING']);
    expect(job.progress.phases[0]?.metrics).toMatchObject({ itemsProcessed: 600, itemsTotal: 700 });
    expect(job.send('phase_completed', { phase: 1 })).toEqual({ kind: 'duplicate' });
    job.send('ingestion_complete', { result: {} });
    expect(job.statuses).toEqual(['COMPLETED', 'COMPLETED']);
  });

  test('a phase left behind by keepRunning may begin later; one that is over may not', () => {
    const job = createJob({ phases: [{ name: 'A' }, { name: 'B' }, { name: 'C' }] });
    job.send('phase_started', { phase: 1, message: 'a' });
    job.send('phase_started', { phase: 3, message: 'c', keepRunning: true });
    expect(job.statuses).toEqual(['RUNNING', 'PENDING', 'RUNNING']);
    job.send('phase_started', { phase: 2, message: 'b' });
    expect(job.statuses).toEqual(['COMPLETED', 'RUNNING', 'RUNNING']);
    expect(job.progress.currentPhase).toBe(3);
    expect(job.send('phase_started', { phase: 1, message: 'a' })).toMatchObject({ kind: 'rejected' });
  });

  test('counts of a phase that is over are still taken: its percent stays', () => {
    const job = createJob();
    job.send('progress_update', { phase: 1, metrics: { itemsProcessed: 200, itemsTotal: 700 } });
    job.send('phase_started', { phase: 2, message: 'next' });
    job.send('progress_update', { phase: 1, metrics: { itemsProcessed: 700 } });
    expect(job.progress.phases[0]).toMatchObject({ status: 'COMPLETED', percent: 100 });
    expect(job.progress.phases[0]?.metrics?.itemsProcessed).toBe(700);
  });

  test('a cancelled run says that the phase was stopped, not skipped', () => {
    const job = createJob();
    job.send('progress_update', { phase: 2, progressPercent: 36 });
    job.send('cancelled');
    expect(job.statuses).toEqual(['SKIPPED', 'STOPPED', 'PENDING', 'PENDING']);
    expect(job.percents[1]).toBe(36);
  });

  test('a failure in one of two phases that run stops the other only if it is final', () => {
    const job = createJob({ phases: [{ name: 'A' }, { name: 'B' }] });
    job.send('phase_started', { phase: 1, message: 'a' });
    job.send('phase_started', { phase: 2, message: 'b', keepRunning: true });
    const error = { errorCode: 'E', message: 'e', phase: 1 };
    job.send('error', { ...error, recoverable: true });
    expect(job.statuses).toEqual(['FAILED', 'RUNNING']);
    job.send('heartbeat');
    expect(job.statuses).toEqual(['RUNNING', 'RUNNING']);
    job.send('error', { ...error, recoverable: false });
    expect(job.statuses).toEqual(['FAILED', 'STOPPED']);
  });
});

describe('percent', () => {
  const percentAfter = (...updates: readonly object[]) => {
    const job = createJob();
    for (const fields of updates) job.send('progress_update', { phase: 1, ...fields });
    return job.percents[0];
  };

  test.each([
    [
      'the job’s own before counts',
      [{ progressPercent: 40, metrics: { itemsProcessed: 1, itemsTotal: 2 } }],
      40,
    ],
    [
      'bytes before items',
      [{ metrics: { itemsProcessed: 1, itemsTotal: 2, bytesProcessed: 1, bytesTotal: 4 } }],
      25,
    ],
    ['items', [{ metrics: { itemsProcessed: 50, itemsTotal: 100 } }], 50],
    ['items, all of them', [{ metrics: { itemsProcessed: 100, itemsTotal: 100 } }], 99],
    ['items, more than all of them', [{ metrics: { itemsProcessed: 120, itemsTotal: 100 } }], 99],
    ['items without a total', [{ metrics: { itemsProcessed: 50 } }], null],
    ['a total of nothing', [{ metrics: { itemsProcessed: 0, itemsTotal: 0 } }], null],
    [
      'a total that grew: what was shown stands',
      [{ metrics: { itemsProcessed: 250, itemsTotal: 250 } }, { metrics: { itemsTotal: 500 } }],
      99,
    ],
    ['the job’s own 100', [{ progressPercent: 100 }], 100],
  ])('follows %s', (_what, updates, expected) => {
    expect(percentAfter(...updates)).toBe(expected);
  });

  test('of the whole is at most 99 before the ending', () => {
    const job = createJob();
    job.send('progress_update', { phase: 4, progressPercent: 100 });
    expect(job.progress.progressPercent).toBe(99);
    job.send('ingestion_complete', { result: {} });
    expect(job.progress.progressPercent).toBe(100);
  });

  test('a total that may still grow is marked', () => {
    const job = createJob();
    job.send('progress_update', { phase: 1, metrics: { itemsTotal: 5, itemsTotalIsFinal: false } });
    expect(job.progress.metrics?.itemsTotalIsFinal).toBe(false);
    job.send('progress_update', { phase: 1, metrics: { itemsTotal: 9 } });
    expect(job.progress.metrics?.itemsTotalIsFinal).toBe(false);
  });
});

describe('parts', () => {
  const part = (name: string, itemsProcessed: number, itemsTotal: number, sequence?: number) => ({
    ...{ phase: 1, part: name, metrics: { itemsProcessed, itemsTotal, itemsFailed: 1 } },
    ...(sequence === undefined ? {} : { sequence }),
  });

  test('add up: counts, totals and percent', () => {
    const job = createJob();
    job.send('progress_update', part('a', 30, 100));
    job.send('progress_update', part('b', 60, 100));
    expect(job.progress.metrics).toMatchObject({ itemsProcessed: 90, itemsTotal: 200, itemsFailed: 2 });
    expect(job.percents[0]).toBe(45);
    job.send('progress_update', part('a', 40, 100));
    expect(job.progress.metrics?.itemsProcessed).toBe(100);
  });

  test('a part that starts again replaces its own counts; the percent that was shown stands', () => {
    const job = createJob();
    job.send('progress_update', part('a', 80, 100));
    job.send('progress_update', part('b', 80, 100));
    job.send('progress_update', part('a', 10, 100));
    expect(job.progress.metrics?.itemsProcessed).toBe(90);
    expect(job.percents[0]).toBe(80);
  });

  test('have sequences of their own', () => {
    const job = createJob();
    job.send('progress_update', part('a', 1, 10, 9));
    expect(job.send('progress_update', part('b', 1, 10, 1))).toMatchObject({ kind: 'changed' });
    expect(job.send('progress_update', part('a', 2, 10, 9))).toEqual({ kind: 'duplicate' });
    expect(job.send('phase_started', { phase: 2, message: 'x', sequence: 1 })).toMatchObject({
      kind: 'changed',
    });
  });

  test('the 257th is refused with its path', () => {
    const job = createJob();
    for (let index = 0; index < 256; index += 1) job.send('progress_update', part(`w${index}`, 1, 2));
    expect(job.send('progress_update', part('one more', 1, 2))).toMatchObject({
      kind: 'rejected',
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^part: /) as string,
    });
    expect(job.send('progress_update', part('w7', 2, 2))).toMatchObject({ kind: 'changed' });
    expect(job.progress.metrics?.itemsProcessed).toBe(257);
    // At most 64 bytes a part beside its name.
    expect(JSON.stringify(job.record.work?.[0]?.parts).length).toBeLessThan(256 * (64 + 8));
  });
});

describe('a pause', () => {
  test('says why and until when; any report of progress ends it, a heartbeat does not', () => {
    const job = createJob();
    job.send('progress_update', { phase: 1, progressPercent: 10 });
    job.send('pause', { reason: 'Night', until: 60_000 });
    expect(job.progress).toMatchObject({
      status: 'RUNNING',
      pause: { reason: 'Night', until: 60_000, since: 2_000 },
    });
    job.send('heartbeat');
    expect(job.progress.pause?.reason).toBe('Night');
    job.send('pause', { reason: 'Still night' });
    expect(job.progress.pause).toEqual({ reason: 'Still night', until: null, since: 2_000 });
    job.send('progress_update', { phase: 1, progressPercent: 11 });
    expect(job.progress.pause).toBeNull();
    job.send('pause', { reason: 'Lunch' });
    job.send('resume');
    expect(job.progress.pause).toBeNull();
  });

  test('that ends in the past is refused with its path', () => {
    const job = createJob();
    expect(job.send('pause', { reason: 'Night', until: 5 })).toMatchObject({
      kind: 'rejected',
      code: 'BAD_USER_INPUT',
      message: 'until: must be in the future',
    });
  });

  test('is no time for the estimate', () => {
    const measure = (pauses: boolean) => {
      const job = createJob({ phases: [{ name: 'Copy' }] });
      let record = job.record;
      const at = (nowMs: number, type: Report['type'], fields: object) => {
        const { report } = parseReport({ type, report: { ...address, ...fields } } as Report, 'elsewhere');
        const result = reduce(record, report, nowMs);
        if (result.kind === 'changed') record = result.change.record;
      };
      let now = 0;
      for (let done = 0; done <= 50; done += 1) {
        now += 1_000;
        if (pauses && done === 25) {
          at(now, 'pause', { reason: 'Night' });
          // Too short to be taken for a night without the word of the job.
          now += 200_000;
          at(now, 'resume', {});
        }
        at(now, 'progress_update', { phase: 1, metrics: { itemsProcessed: done, itemsTotal: 100 } });
      }
      return record.progress.etaSeconds;
    };
    const [plain, paused] = [measure(false), measure(true)];
    expect(plain).toBeGreaterThan(40);
    expect(paused).toBeGreaterThan((plain ?? 0) * 0.9);
    expect(paused).toBeLessThan((plain ?? 0) * 1.1);
  });
});

describe('signs of life', () => {
  test('a heartbeat moves updatedAt and not progressedAt, nor does a repeated report', () => {
    const job = createJob();
    job.send('progress_update', { phase: 1, progressPercent: 10 });
    job.send('heartbeat');
    job.send('progress_update', { phase: 1, progressPercent: 10 });
    expect(job.progress).toMatchObject({ updatedAt: 3_000, progressedAt: 1_000 });
    job.send('progress_update', { phase: 1, progressPercent: 11 });
    expect(job.progress.progressedAt).toBe(4_000);
  });

  test('what a job waits for shows until its first phase', () => {
    const job = createJob();
    job.send('waiting', { waitingFor: 'a worker', queuePosition: 3 });
    expect(job.progress.waiting).toEqual({ waitingFor: 'a worker', queuePosition: 3 });
    job.send('phase_started', { phase: 1, message: 'on' });
    expect(job.progress.waiting).toBeNull();
    expect(job.send('waiting', {})).toMatchObject({ kind: 'rejected' });
  });
});

describe('attempts', () => {
  const takeOver = (job: ReturnType<typeof createJob>, start: Partial<StartReport> = {}) => {
    const context = { ingestionId: 'i', ownerServerId: null, nowMs: 60_000 };
    const { record } = nextAttempt(job.record, { projectId: 'p', attemptKey: 'second', ...start }, context);
    job.take(record);
  };

  test('the next one begins anew, and keeps what it skips, the title and the start', () => {
    const job = createJob({ attemptKey: 'first', title: 'Books', labels: [{ name: 'team', value: 'a' }] });
    job.send('progress_update', { phase: 1, progressPercent: 50, attemptKey: 'first', sequence: 9 });
    job.send('progress_update', { phase: 2, progressPercent: 70, attemptKey: 'first', sequence: 10 });
    takeOver(job, { fromPhase: 2, maxAttempts: 5 });
    expect(job.progress).toMatchObject({
      ...{ attempt: 2, maxAttempts: 5, title: 'Books', startedAt: 0, currentPhase: 0, fromPhase: 2 },
      ...{ progressPercent: 25, labels: [{ name: 'team', value: 'a' }] },
    });
    expect(job.statuses).toEqual(['COMPLETED', 'PENDING', 'PENDING', 'PENDING']);
    expect(job.send('progress_update', { phase: 2, attemptKey: 'second', sequence: 1 })).toMatchObject({
      kind: 'changed',
    });
  });

  test('an older one’s report is refused', () => {
    const job = createJob({ attemptKey: 'first' });
    takeOver(job);
    for (const type of ['phase_started', 'progress_update', 'heartbeat', 'cancelled'] as const) {
      const fields = { phase_started: { phase: 1, message: 'x' }, progress_update: { phase: 1 } };
      const extra = type in fields ? fields[type as keyof typeof fields] : {};
      expect(job.send(type, { ...extra, attemptKey: 'first' })).toMatchObject({
        kind: 'rejected',
        message: expect.stringContaining('attempt 2') as string,
      });
    }
  });

  test('who asked to cancel meant the ingestion', () => {
    const job = createJob({ attemptKey: 'first', cancellable: true });
    job.take({
      ...job.record,
      progress: { ...job.progress, cancelRequestedAt: 5 },
      cancelRequestedBy: 'anna',
    });
    takeOver(job);
    expect(job.record).toMatchObject({ cancelRequestedBy: 'anna', progress: { cancelRequestedAt: 5 } });
  });

  test('of two states the later attempt counts, though the older one has a greater revision', () => {
    const job = createJob({ attemptKey: 'first' });
    job.send('progress_update', { phase: 3, progressPercent: 50 });
    const older = { ...job.record, progress: { ...job.progress, revision: 9 } };
    takeOver(job);
    const later = { ...job.record, progress: { ...job.progress, revision: 5 } };
    expect(mergeStates(older, later).progress).toMatchObject({ attempt: 2, currentPhase: 0, revision: 9 });
    expect(mergeStates(later, older).progress).toMatchObject({ attempt: 2, currentPhase: 0, revision: 9 });
  });
});
