/** The contract of progress stores, held by the memory store. */
import { createMemoryStore } from '../../server/store/memory-store.js';
import { describeProgressStore, MAX_LOG_ENTRIES } from './progress-store.contract.js';

describeProgressStore('the memory store', async () => {
  const store = createMemoryStore({ maxLogEntries: MAX_LOG_ENTRIES });
  await store.open();
  return { store, other: store, dispose: () => store.close() };
});
