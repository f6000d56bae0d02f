/** Searches the latest collection. Loads the index in a worker thread at the first search. */
import { Worker } from 'node:worker_threads';
import type { Passage } from '../pipeline/documents.js';

/** A passage that matches. */
export interface Hit extends Passage {
  /** The matching words, for highlighting. */
  readonly words: readonly string[];
}

/** A request to the thread. */
export interface SearchRequest {
  readonly id: number;
  readonly query: string;
}

/** A response of the thread. */
export interface SearchResponse {
  readonly id: number;
  /** How many passages match; the best ones are in `hits`. */
  readonly total: number;
  readonly hits: readonly Hit[];
}

/** Full-text search. */
export interface Search {
  /** Null if nothing was ingested yet. */
  find(query: string): Promise<Omit<SearchResponse, 'id'> | null>;
  /** Switches to the index in this folder; null for none. */
  use(folder: string | null): Promise<void>;
  dispose(): Promise<void>;
}

interface Thread {
  search(query: string): Promise<SearchResponse>;
  end(): Promise<void>;
}

function startThread(folder: string): Thread {
  const worker = new Worker(new URL('./search-thread.js', import.meta.url), { workerData: folder });
  const pending = new Map<
    number,
    { resolve: (response: SearchResponse) => void; reject: (reason: Error) => void }
  >();
  let lastId = 0;
  let ending: Error | null = null;
  const rejectAll = (error: Error): void => {
    ending ??= error;
    for (const { reject } of pending.values()) reject(ending);
    pending.clear();
  };
  worker.on('message', (response: SearchResponse) => {
    pending.get(response.id)?.resolve(response);
    pending.delete(response.id);
  });
  worker.on('error', rejectAll);
  worker.on('exit', () => rejectAll(new Error('The search was closed.')));
  return {
    search(query) {
      if (ending !== null) return Promise.reject(ending);
      lastId += 1;
      const request: SearchRequest = { id: lastId, query };
      return new Promise((resolve, reject) => {
        pending.set(request.id, { resolve, reject });
        worker.postMessage(request);
      });
    },
    async end() {
      await worker.terminate();
    },
  };
}

/** Creates a search over the index in `folder`, if there is one. */
export function createSearch(folder: string | null): Search {
  let current = folder;
  let thread: Thread | null = null;
  const endThread = async (): Promise<void> => {
    const ended = thread;
    thread = null;
    await ended?.end();
  };
  return {
    async find(query) {
      if (current === null) return null;
      thread ??= startThread(current);
      const used = thread;
      try {
        const { total, hits } = await used.search(query);
        return { total, hits };
      } catch (error) {
        // A thread that could not load its index is not used again.
        if (thread === used) await endThread();
        throw error;
      }
    },
    async use(next) {
      current = next;
      await endThread();
    },
    dispose: endThread,
  };
}
