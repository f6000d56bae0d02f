/** The contract of event buses, held by the memory bus; and how it forgets. */
import { expect, it } from 'vitest';
import { createMemoryBus } from '../../server/bus/memory-bus.js';
import { createManualClock } from '../support/manual-clock.js';
import { changeOf, recordOf } from '../support/records.js';
import { changeAt, describeEventBus } from './event-bus.contract.js';

describeEventBus('the memory bus', async () => {
  const bus = createMemoryBus();
  await bus.open();
  return { bus, other: bus, dispose: () => bus.close() };
});

it('the memory bus forgets a state some time after its last change, an ended one sooner', async () => {
  const clock = createManualClock();
  const bus = createMemoryBus({ clock, stateTtlMs: 60_000, endedTtlMs: 5_000 });
  await bus.commit(changeAt(1, 'running'), 0);
  await bus.commit(changeOf(recordOf({ projectId: 'ended', status: 'COMPLETED' })), 0);
  await clock.advance(4_999);
  expect(await bus.read('ended')).not.toBeNull();
  await clock.advance(1);
  expect(await bus.read('ended')).toBeNull();
  await clock.advance(50_000);
  await bus.commit(changeAt(2, 'running'), 1);
  await clock.advance(59_999);
  expect((await bus.read('running'))?.progress.revision).toBe(2);
  await clock.advance(1);
  expect(await bus.read('running')).toBeNull();
  await bus.close();
});
