/** A store of several servers that can be taken away, held up, or made to lose its answers, and that counts. */
import { ProgressError } from '../../../server/shared/errors.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import type { ProgressStore, StoreWrite } from '../../../server/store/progress-store.js';

/** A store with switches. */
export interface FaultyStore extends ProgressStore {
  /** Every call is refused, as by a server that is away. */
  away: boolean;
  /** Writes are carried out, but their answers get lost. */
  losesAnswers: boolean;
  /** Larger batches are not answered in time. */
  mostWrites: number;
  /** Sizes of the batches that arrived. */
  readonly batches: number[];
  /** Writes that were carried out, in order. */
  readonly written: StoreWrite[];
  /** How often a project was read. */
  reads: number;
  /** Holds up reads until `release` is called. */
  holdReads(): () => void;
}

/** Makes one, over memory; as a store that other processes may have open, unless `exclusive`. */
export function createFaultyStore(exclusive = false): FaultyStore {
  const inner = createMemoryStore();
  let gate: Promise<void> = Promise.resolve();
  const unavailable = () => new ProgressError('UNAVAILABLE', 'The store is away.');
  const check = () => {
    if (store.away) throw unavailable();
  };
  const store: FaultyStore = {
    ...inner,
    name: 'faulty',
    exclusive,
    away: false,
    losesAnswers: false,
    mostWrites: Number.POSITIVE_INFINITY,
    batches: [],
    written: [],
    reads: 0,
    holdReads: () => {
      let release: () => void = () => undefined;
      gate = new Promise((resolve) => (release = resolve));
      return release;
    },
    read: async (projectId) => {
      store.reads += 1;
      await gate;
      check();
      return inner.read(projectId);
    },
    readIngestion: async (...args) => {
      check();
      return inner.readIngestion(...args);
    },
    listEvents: async (...args) => {
      check();
      return inner.listEvents(...args);
    },
    listOpen: async (...args) => {
      check();
      return inner.listOpen(...args);
    },
    write: async (writes) => {
      check();
      if (writes.length > store.mostWrites) throw unavailable();
      store.batches.push(writes.length);
      const outcomes = await inner.write(writes);
      for (const [index, write] of writes.entries()) if (outcomes[index]?.written) store.written.push(write);
      if (store.losesAnswers) throw unavailable();
      return outcomes;
    },
    appendEvents: async (...args) => {
      check();
      return inner.appendEvents(...args);
    },
    renewLease: async (lease) => {
      check();
      return inner.renewLease(lease);
    },
    listLeases: async () => {
      check();
      return inner.listLeases();
    },
    deleteBefore: async (...args) => {
      check();
      return inner.deleteBefore(...args);
    },
  };
  return store;
}
