/** Counts what could not be read, and remembers the first few with a reason for people. */
import type { CollectionFacts } from './documents.js';

/** How many are remembered by name. */
const REMEMBERED = 20;

const REASONS: Readonly<Record<string, string>> = Object.freeze({
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no longer there',
  EISDIR: 'a folder now',
  EIO: 'the disk could not read it',
  EMFILE: 'too many open files',
});

/** Thrown by an extractor whose file is not what its name says. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** Failed items of one phase. */
export interface Failures {
  readonly count: number;
  readonly first: CollectionFacts['failures'];
  add(path: string, error: unknown): void;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return REASONS[code] ?? error.message;
}

/** Begins a count. */
export function createFailures(): Failures {
  const first: { path: string; reason: string }[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    first,
    add(path, error) {
      count += 1;
      if (first.length < REMEMBERED) first.push({ path, reason: reasonOf(error) });
    },
  };
}
