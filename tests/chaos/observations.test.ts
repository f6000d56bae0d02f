/** Proves that the chaos suite detects what it looks for: everything that must not happen to a watcher is a violation. */
import { describe, expect, it } from 'vitest';
import { createObservationLog, type Observation } from './observations.js';
import { drawSchedule, FAULT_KINDS } from './schedule.js';

const at = (revision: number, rest: Partial<Observation> = {}): Observation => ({
  id: 'a',
  revision,
  status: 'RUNNING',
  phase: 2,
  percent: 40,
  ...rest,
});

const violationsOf = (...observations: readonly Observation[]) => {
  const log = createObservationLog('a watcher', () => ['a', 'b']);
  for (const observation of observations) log.observe(observation);
  return log.violations;
};

// (invariant: never-back)
describe('an observation log', () => {
  it('reports nothing if everything goes forward, into the next ingestion too', () => {
    const next = at(7, { id: 'b', phase: 0, percent: null });
    expect(violationsOf(at(5), at(5), at(6, { status: 'COMPLETED', phase: 4, percent: 100 }), next)).toEqual(
      [],
    );
  });

  it.each([
    ['revision', at(4), 'the revision went back'],
    ['percent', at(6, { percent: 39 }), 'the percent went back'],
    ['phase', at(6, { phase: 1 }), 'the phase went back'],
  ])('reports a %s that goes back', (_what, later, violation) => {
    expect(violationsOf(at(5), later)).toEqual([expect.stringContaining(violation)]);
  });

  it('reports an ending that is undone and an older ingestion that comes back', () => {
    expect(violationsOf(at(5, { status: 'COMPLETED' }), at(6))).toEqual([
      expect.stringContaining('was undone'),
    ]);
    expect(violationsOf(at(5, { id: 'b' }), at(6))).toEqual([expect.stringContaining('came back')]);
  });

  it('reports an irrecoverable failure that is undone', () => {
    expect(violationsOf(at(5, { status: 'FAILED', phase: 4 }), at(6, { phase: 4 }))).toEqual([
      expect.stringContaining('was undone'),
    ]);
  });

  it('records when an ending was first observed', () => {
    let now = 1_000;
    const log = createObservationLog(
      'a watcher',
      () => ['a'],
      () => false,
      () => now,
    );
    for (const revision of [5, 6]) {
      log.observe(at(revision, { status: 'COMPLETED' }));
      now += 1_000;
    }
    expect(log.endedAt.get('a')).toBe(1_000);
  });
});

describe('an observation log of a stock client', () => {
  const afterLossOf = (...ids: readonly string[]) =>
    createObservationLog(
      'a stock client',
      () => ['a', 'b'],
      (id) => ids.includes(id),
    );

  it('accepts a newer state that contains less after a server died, but never an older revision on one connection', () => {
    const log = afterLossOf('a');
    log.observe(at(5));
    log.observe(at(6, { percent: 10, phase: 1 }));
    expect(log.violations).toEqual([]);
    log.observe(at(5));
    expect(log.violations).toHaveLength(1);
  });

  it('accepts one older state after a reconnect, and none after that', () => {
    const log = afterLossOf('a');
    log.observe(at(9));
    log.reconnected();
    log.observe(at(5, { percent: 30 }));
    expect(log.violations).toEqual([]);
    log.observe(at(4));
    expect(log.violations).toHaveLength(1);
  });

  it('excuses nothing of an ingestion that started after the server died', () => {
    const log = afterLossOf('a');
    log.observe(at(9, { id: 'b' }));
    log.reconnected();
    log.observe(at(8, { id: 'b', percent: 30 }));
    expect(log.violations).toEqual([
      expect.stringContaining('the revision went back'),
      expect.stringContaining('the percent went back'),
    ]);
  });
});

describe('a schedule', () => {
  it('is the same for the same seed, and every kind of fault occurs', () => {
    expect(drawSchedule(7)).toEqual(drawSchedule(7));
    const kinds = new Set(
      Array.from({ length: 100 }, (_, seed) => drawSchedule(seed + 1).faults)
        .flat()
        .map(({ kind }) => kind),
    );
    expect(kinds).toEqual(new Set(FAULT_KINDS));
  });
});
