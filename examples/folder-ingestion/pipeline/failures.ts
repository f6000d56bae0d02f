/** Counts unreadable items and keeps the first few with a reason for people. */
import type { CollectionFacts } from './documents.js';

/** How many failures are kept by name. */
const MAX_KEPT = 20;

const REASONS: Readonly<Record<string, string>> = Object.freeze({
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'file no longer exists',
  EISDIR: 'is a folder now',
  EIO: 'disk error',
  EMFILE: 'too many open files',
});

/** Thrown by an extractor if the content of a file doesn't match its name. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** The failed items of a phase. */
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

/** Creates an empty list. */
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
      if (first.length < MAX_KEPT) first.push({ path, reason: reasonOf(error) });
    },
  };
}
