/** What a job gives as an error: the fields of one, or whatever its `catch` caught. Pure. */
import type { ErrorInput } from '@ingestion-progress/schema';

/** Its class, which is the name of a built-in error, and often the only thing that tells one's own apart. */
const nameOf = ({ name, constructor }: Error): string => (name === 'Error' ? constructor.name : name);

/**
 * The fields of an error. Of an `Error` that was thrown: its `errorCode`, else its class (`TypeError`), and its message;
 * of anything that is no object: its text.
 */
export function errorFieldsOf(given: unknown): ErrorInput {
  if (typeof given !== 'object' || given === null) {
    return {
      errorCode: '',
      message: given === undefined || given === null ? '' : String(given),
      recoverable: false,
    };
  }
  const { errorCode, message, recoverable, retryOptions } = given as ErrorInput;
  return {
    errorCode: (errorCode as unknown) === undefined && given instanceof Error ? nameOf(given) : errorCode,
    message,
    recoverable,
    ...(retryOptions === undefined ? {} : { retryOptions }),
  };
}
