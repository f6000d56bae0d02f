import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { IngestionEventEmitter } from '../../../server/emitter/emitter.js';
import { createProgressService } from '../../../server/ingestion/service.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';

// (invariant: last-update-delivered)
test('by the real clock, 1,000 updates in a second become two or three events, the last value among them', async () => {
  const store = createMemoryStore();
  const bus = createMemoryBus();
  await store.open();
  const service = createProgressService({ store, bus });
  await service.open();
  const emitter = new IngestionEventEmitter(service);
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  // The window that the phase start opened has to close first.
  await wait(600);
  const percents: (number | null)[] = [];
  const seen = new EventTarget();
  await bus.subscribe('p', (message) => {
    if (message.kind !== 'change' || message.change.event.payload.type !== 'progress_update') return;
    percents.push(message.change.event.payload.progressPercent);
    if (percents.at(-1) === 100) seen.dispatchEvent(new Event('last'));
  });
  const last = once(seen, 'last');
  const startedAt = performance.now();
  for (let index = 1; index <= 1_000; index += 1) {
    emitter.emitProgressUpdate('p', 1, index / 10, { itemsProcessed: index });
    // Spread over a little less than the second, so that the last one is inside it.
    const due = startedAt + index * 0.95;
    if (performance.now() < due) await wait(due - performance.now());
  }
  await last;
  expect(percents.length).toBeGreaterThanOrEqual(2);
  expect(percents.length).toBeLessThanOrEqual(Math.ceil((performance.now() - startedAt) / 500) + 1);
  expect(percents.at(-1)).toBe(100);
  await service.close();
  await bus.close();
});
