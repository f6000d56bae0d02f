/** Waits for something outside this process that tells nobody when it happens, by asking again and again. */
import { setTimeout as delay } from 'node:timers/promises';

const ASK_EVERY_MS = 25;

/** Resolves with the first answer that does not reject; after the deadline rejects with the last error. */
export async function eventually<T>(ask: () => T | Promise<T>, deadlineMs = 10_000): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(ASK_EVERY_MS);
    }
  }
}
