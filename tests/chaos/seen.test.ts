/** That the fault suite would notice: each thing that must not happen to a watcher is an accusation. */
import { describe, expect, it } from 'vitest';
import { drawSchedule, FAULT_KINDS } from './schedule.js';
import { createSeen, type Sight } from './seen.js';

const at = (revision: number, rest: Partial<Sight> = {}): Sight => ({
  id: 'a',
  revision,
  status: 'RUNNING',
  phase: 2,
  percent: 40,
  ...rest,
});

const watched = (...sights: readonly Sight[]) => {
  const seen = createSeen('somebody', () => ['a', 'b']);
  for (const sight of sights) seen.show(sight);
  return seen.violations;
};

// (invariant: never-back)
describe('What a watcher was shown', () => {
  it('is well where everything goes forward, into the next ingestion too', () => {
    const next = at(7, { id: 'b', phase: 0, percent: null });
    expect(watched(at(5), at(5), at(6, { status: 'COMPLETED', phase: 4, percent: 100 }), next)).toEqual([]);
  });

  it.each([
    ['revision', at(4), 'the revision went back'],
    ['percent', at(6, { percent: 39 }), 'the percent went back'],
    ['phase', at(6, { phase: 1 }), 'the phase went back'],
  ])('breaks a law where the %s goes back', (_what, later, accusation) => {
    expect(watched(at(5), later)).toEqual([expect.stringContaining(accusation)]);
  });

  it('breaks a law where an ending is taken back, or an older ingestion comes back', () => {
    expect(watched(at(5, { status: 'COMPLETED' }), at(6))).toEqual([expect.stringContaining('taken back')]);
    expect(watched(at(5, { id: 'b' }), at(6))).toEqual([expect.stringContaining('came back')]);
  });

  it('breaks a law where a failure for good is taken back', () => {
    expect(watched(at(5, { status: 'FAILED', phase: 4 }), at(6, { phase: 4 }))).toEqual([
      expect.stringContaining('taken back'),
    ]);
  });

  it('knows when an ending was shown first', () => {
    let now = 1_000;
    const seen = createSeen(
      'somebody',
      () => ['a'],
      () => false,
      () => now,
    );
    for (const revision of [5, 6]) {
      seen.show(at(revision, { status: 'COMPLETED' }));
      now += 1_000;
    }
    expect(seen.endedAt.get('a')).toBe(1_000);
  });
});

describe('What a stranger was shown', () => {
  const afterDeathOf = (...dead: readonly string[]) =>
    createSeen(
      'a stranger',
      () => ['a', 'b'],
      (id) => dead.includes(id),
    );

  it('may hold less in a newer state once a server died, but never an older revision on one connection', () => {
    const seen = afterDeathOf('a');
    seen.show(at(5));
    seen.show(at(6, { percent: 10, phase: 1 }));
    expect(seen.violations).toEqual([]);
    seen.show(at(5));
    expect(seen.violations).toHaveLength(1);
  });

  it('may be older once after a reconnect, and no more after that', () => {
    const seen = afterDeathOf('a');
    seen.show(at(9));
    seen.reconnected();
    seen.show(at(5, { percent: 30 }));
    expect(seen.violations).toEqual([]);
    seen.show(at(4));
    expect(seen.violations).toHaveLength(1);
  });

  it('is forgiven nothing of an ingestion that started after the death', () => {
    const seen = afterDeathOf('a');
    seen.show(at(9, { id: 'b' }));
    seen.reconnected();
    seen.show(at(8, { id: 'b', percent: 30 }));
    expect(seen.violations).toEqual([
      expect.stringContaining('the revision went back'),
      expect.stringContaining('the percent went back'),
    ]);
  });
});

describe('A schedule', () => {
  it('is the same for the same seed, and every kind of fault comes up', () => {
    expect(drawSchedule(7)).toEqual(drawSchedule(7));
    const kinds = new Set(
      Array.from({ length: 100 }, (_, seed) => drawSchedule(seed + 1).faults)
        .flat()
        .map(({ kind }) => kind),
    );
    expect(kinds).toEqual(new Set(FAULT_KINDS));
  });
});
