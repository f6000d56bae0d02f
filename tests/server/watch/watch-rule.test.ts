/** Which events one watcher is told, and when it has seen the end. */
import type { EventPayload, IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';
import { describe, expect, it } from 'vitest';
import { firstPosition, firstStep, nextStep, snapshotOf } from '../../../server/watch/watcher.js';
import type { WatchTarget } from '../../../server/watch/watcher.js';
import { failureOf, recordOf } from '../../support/records.js';

const UPDATE: EventPayload = {
  type: 'progress_update',
  phase: 1,
  progressPercent: 1,
  metrics: recordOf().progress.metrics as never,
};

function eventOf(progress: Partial<IngestionProgress>, payload: EventPayload = UPDATE): IngestionEvent {
  const { progress: whole } = recordOf(progress);
  const { id, projectId, revision } = whole;
  return { projectId, ingestionId: id, revision, timestamp: revision, progress: whole, payload };
}

const replaced = (): Pick<IngestionProgress, 'status' | 'error'> => {
  const failure = failureOf(false);
  if (failure.error === null) throw new Error('no error');
  return { ...failure, error: { ...failure.error, errorCode: 'INGESTION_REPLACED' } };
};

/** What a watcher is told of these states, the first of them by its snapshot: `id:revision:type`, and its end. */
function told(
  target: Partial<WatchTarget>,
  states: readonly (Partial<IngestionProgress> | null)[],
): string[] {
  const whole: WatchTarget = { projectId: 'p', ingestionId: null, follow: false, ...target };
  let position = firstPosition(whole);
  const lines: string[] = [];
  for (const [index, state] of states.entries()) {
    const event = state === null ? snapshotOf('p', null, 1) : eventOf(state);
    const step =
      index === 0
        ? firstStep(whole, position, snapshotOf('p', event.progress, 1))
        : nextStep(whole, position, event);
    if (step.kind === 'superseded') return [...lines, 'superseded'];
    if (step.kind === 'ignore') continue;
    position = step.position;
    lines.push(`${step.event.ingestionId}:${step.event.revision}:${step.event.payload.type}`);
    if (step.then !== 'stay') return [...lines, step.then];
  }
  return lines;
}

const completed = { status: 'COMPLETED' } as const;

describe('without follow', () => {
  it('nothing that is not newer is told', () => {
    expect(told({}, [{ revision: 5 }, { revision: 4 }, { revision: 5 }, { revision: 6 }])).toEqual([
      'i:5:snapshot',
      'i:6:progress_update',
    ]);
  });

  it('the first ending is the end, also where it came before', () => {
    expect(told({}, [{ revision: 1 }, { revision: 2, ...completed }, { revision: 3, id: 'j' }])).toEqual([
      'i:1:snapshot',
      'i:2:progress_update',
      'complete',
    ]);
    expect(told({}, [{ revision: 2, ...completed }])).toEqual(['i:2:snapshot', 'complete']);
  });

  it('a recoverable failure is not an ending, and one that is not is', () => {
    expect(told({}, [{ revision: 1 }, { revision: 2, ...failureOf(true) }, { revision: 3 }])).toHaveLength(3);
    expect(told({}, [{ revision: 1 }, { revision: 2, ...failureOf(false) }]).at(-1)).toBe('complete');
  });

  it('a project that never ingested is waited for, and its first ingestion begins with a snapshot', () => {
    expect(told({}, [null, { revision: 1 }, { revision: 2 }])).toEqual([
      'null:0:snapshot',
      'i:1:snapshot',
      'i:2:progress_update',
    ]);
  });

  it('an ingestion that takes over from one that failed recoverably is passed on to, with a snapshot', () => {
    expect(
      told({}, [
        { revision: 1, ...failureOf(true) },
        { revision: 2, id: 'j' },
        { revision: 3, id: 'j' },
      ]),
    ).toEqual(['i:1:snapshot', 'j:2:snapshot', 'j:3:progress_update']);
  });

  it('an ending that makes room for the next is told, and the next is waited for', () => {
    expect(told({}, [{ revision: 1 }, { revision: 2, ...replaced() }])).toEqual([
      'i:1:snapshot',
      'i:2:progress_update',
      'after-takeover',
    ]);
  });
});

describe('with follow', () => {
  it('an ending is no end, and the next ingestion begins with a snapshot', () => {
    expect(
      told({ follow: true }, [
        { revision: 1, ...completed },
        { revision: 2, id: 'j' },
        { revision: 3, id: 'j' },
      ]),
    ).toEqual(['i:1:snapshot', 'j:2:snapshot', 'j:3:progress_update']);
  });
});

describe('with an ingestion id', () => {
  it('others are not told, and it is waited for', () => {
    expect(
      told({ ingestionId: 'x' }, [null, { revision: 1 }, { revision: 2, id: 'x' }, { revision: 3, id: 'x' }]),
    ).toEqual(['null:0:snapshot', 'x:2:snapshot', 'x:3:progress_update']);
  });

  it('those that retry it are told, and those that retry them, with follow also after an ending', () => {
    const states = [
      { revision: 1, id: 'x', ...failureOf(true) },
      { revision: 2, id: 'y', retryOf: 'x' },
      { revision: 3, id: 'z', retryOf: 'y', ...completed },
    ];
    const lines = ['x:1:snapshot', 'y:2:snapshot', 'z:3:snapshot'];
    expect(told({ ingestionId: 'x' }, states)).toEqual([...lines, 'complete']);
    expect(told({ ingestionId: 'x', follow: true }, [...states, { revision: 4, id: 'w' }])).toEqual(lines);
  });

  it('one that another superseded is over', () => {
    expect(
      told({ ingestionId: 'x' }, [
        { revision: 1, id: 'x' },
        { revision: 2, id: 'y' },
      ]),
    ).toEqual(['x:1:snapshot', 'superseded']);
  });
});
