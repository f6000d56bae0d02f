/** How much this process may keep for clients that do not read, or send slowly, and who is let go past it. */
import { getHeapStatistics } from 'node:v8';

/** Bytes that may wait for all clients together: a quarter of the heap, beside which they are kept. */
export const MAX_WAITING_BYTES = Math.round(getHeapStatistics().heap_size_limit / 4);

/** Those for which most waits, so many that what waits for the others fits. */
export function heaviestConsumers<T>(
  consumers: Iterable<T>,
  waitingBytes: (consumer: T) => number,
  maxBytes = MAX_WAITING_BYTES,
): readonly T[] {
  const waiting: { readonly consumer: T; readonly bytes: number }[] = [];
  let total = 0;
  for (const consumer of consumers) {
    const bytes = waitingBytes(consumer);
    if (bytes === 0) continue;
    total += bytes;
    waiting.push({ consumer, bytes });
  }
  if (total <= maxBytes) return [];
  const heaviest: T[] = [];
  for (const { consumer, bytes } of waiting.sort((a, b) => b.bytes - a.bytes)) {
    if (total <= maxBytes) break;
    total -= bytes;
    heaviest.push(consumer);
  }
  return heaviest;
}
