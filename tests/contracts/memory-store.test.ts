/** The contract of progress stores, held by the memory store. */
import { createMemoryStore } from '../../server/store/memory-store.js';
import { describeProgressStore, EVENTS_PER_INGESTION } from './progress-store.contract.js';

describeProgressStore('the memory store', async () => {
  const store = createMemoryStore({ eventsPerIngestion: EVENTS_PER_INGESTION });
  await store.open();
  return { store, other: store, dispose: () => store.close() };
});
