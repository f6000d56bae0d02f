/** Our emitter with a store and a bus in memory. */
import { IngestionEventEmitter } from '../../server/emitter/emitter.js';
import { createProgressService } from '../../server/ingestion/service.js';
import { createMemoryBus } from '../../server/bus/memory-bus.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { reusableMetrics, type Emitter } from './emitter.js';

const PROJECT = 'project-0';

/** A job in the server's process that reports each item. */
export function createOurEmitter(): Emitter {
  const store = createMemoryStore();
  const bus = createMemoryBus();
  const service = createProgressService({ store, bus });
  const emitter = new IngestionEventEmitter(service);
  const metrics = reusableMetrics();
  return {
    open: async () => {
      await store.open();
      await bus.open();
      await service.open();
      await emitter.startIngestion(PROJECT);
      await emitter.emitPhaseStarted(PROJECT, 1, 'Reading the folder');
    },
    report: (calls, firstSequence) => {
      for (let call = 0; call < calls; call += 1) {
        metrics.itemsProcessed = firstSequence + call;
        emitter.emitProgressUpdate(PROJECT, 1, (firstSequence + call) / 1e8, metrics);
      }
    },
    lastReported: async () => {
      const record = await service.read(PROJECT);
      return record?.progress.phases[0]?.metrics?.itemsProcessed ?? null;
    },
  };
}
