/**
 * Gives an error or a result a form that JSON and GraphQL can carry: a job says such things once, often from an exception
 * handler, and must not lose them. What they may hold is the server's to decide. Pure.
 */
import type { ErrorInput, ResultInput } from '@ingestion-progress/schema';
import { errorFieldsOf } from '../shared/thrown.js';

/** An error whose required fields are there. */
export function sendableError(error: ErrorInput | Error): Readonly<Record<string, unknown>> {
  const { errorCode, message, recoverable, retryOptions } = errorFieldsOf(error);
  return {
    errorCode: text(errorCode),
    message: text(message),
    recoverable: recoverable === true,
    ...(isJson(retryOptions) ? { retryOptions } : {}),
  };
}

/** A result whose counts are whole, and without an output that is no JSON. */
export function sendableResult(result: ResultInput | undefined): Readonly<Record<string, unknown>> {
  const sendable: Record<string, unknown> = { ...result };
  for (const name of ['itemsProcessed', 'itemsFailed', 'bytesProcessed']) {
    const count = sendable[name];
    if (typeof count === 'number' && !Number.isSafeInteger(count)) {
      sendable[name] = Number.isFinite(count) ? Math.round(count) : null;
    }
  }
  for (const [name, value] of Object.entries(sendable)) if (!isJson(value)) delete sendable[name];
  return sendable;
}

/** An error that was thrown has its message, and anything else its text. */
function text(value: unknown): string {
  if (value instanceof Error) return value.message;
  try {
    return value === undefined || value === null ? '' : String(value);
  } catch {
    // An object may refuse to become text; the server fills the gap.
    return '';
  }
}

/** False for a circle, a BigInt, or a function. */
function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
