/** What to say if MongoDB answers and refuses: its own words, and what would help. Pure. */
import { RefusedError } from '../shared/errors.js';
import { withoutPassword } from '../observability/redact-url.js';

/** What helps against these words; null if they are no refusal that we know. */
function adviceOn(words: string): string | null {
  if (/retryable writes|transaction numbers/i.test(words)) return 'add retryWrites=false to MONGODB_URI';
  if (/not authorized|unauthorized|not allowed to do action/i.test(words)) {
    return 'give its user the role readWrite on this database (find, insert, update, remove, createIndex)';
  }
  if (/authentication failed|bad auth/i.test(words))
    return 'check user and password; both are percent-encoded in the address';
  if (/quota|no space|disk space|out of storage|storage limit|disk full/i.test(words))
    return 'it has no space left: make some, or take a larger plan';
  return null;
}

/** The driver's error, and with it what helps if the server refused. */
export function withAdvice(cause: unknown): unknown {
  const words = cause instanceof Error ? withoutPassword(cause.message).replace(/\.$/, '') : '';
  const advice = adviceOn(words);
  return advice === null ? cause : new RefusedError(words, advice, { cause });
}
