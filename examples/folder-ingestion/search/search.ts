/** Searches over what was ingested last. Loads the index at the first question, in a thread of its own. */
import { Worker } from 'node:worker_threads';
import type { Passage } from '../pipeline/documents.js';

/** A passage that answers. */
export interface Hit extends Passage {
  /** Words of the passage that fit the query, for highlighting. */
  readonly words: readonly string[];
}

/** What the thread is asked. */
export interface Question {
  readonly id: number;
  readonly query: string;
}

/** What the thread answers. */
export interface Answer {
  readonly id: number;
  /** How many passages fit; the best of them are in `hits`. */
  readonly total: number;
  readonly hits: readonly Hit[];
}

/** Full-text search. */
export interface Search {
  /** Null where nothing was ingested yet. */
  find(query: string): Promise<Omit<Answer, 'id'> | null>;
  /** Takes the index in this folder from now on; null for none. */
  use(folder: string | null): Promise<void>;
  dispose(): Promise<void>;
}

interface Thread {
  ask(query: string): Promise<Answer>;
  end(): Promise<void>;
}

function startThread(folder: string): Thread {
  const worker = new Worker(new URL('./search-thread.js', import.meta.url), { workerData: folder });
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (reason: Error) => void }>();
  let lastId = 0;
  let ending: Error | null = null;
  const giveUp = (error: Error): void => {
    ending ??= error;
    for (const { reject } of waiting.values()) reject(ending);
    waiting.clear();
  };
  worker.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });
  worker.on('error', giveUp);
  worker.on('exit', () => giveUp(new Error('The search was closed.')));
  return {
    ask(query) {
      if (ending !== null) return Promise.reject(ending);
      lastId += 1;
      const question: Question = { id: lastId, query };
      return new Promise((resolve, reject) => {
        waiting.set(question.id, { resolve, reject });
        worker.postMessage(question);
      });
    },
    async end() {
      await worker.terminate();
    },
  };
}

/** Begins with the index in `folder`, if there is one. */
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
      const asked = thread;
      try {
        const { total, hits } = await asked.ask(query);
        return { total, hits };
      } catch (error) {
        // A thread that could not load its index is not asked again.
        if (thread === asked) await endThread();
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
