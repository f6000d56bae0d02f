/**
 * Tells open runs that the process is about to end: nothing is left to do, a signal, an error that nobody caught. Then ends
 * it as it would have ended. `process.exit` leaves no time for anything.
 */

/** How the process ends. */
export interface ExitNotice {
  /** Why the job cannot go on; null if that is not known. */
  readonly error: { readonly errorCode: string; readonly message: string } | null;
  /** False if the application handles a signal or an error itself, and may go on. */
  readonly isFinal: boolean;
}

/** Resolves once what can be sent is sent; null if nothing is to be sent. The process stays alive until then. */
export type ExitListener = (notice: ExitNotice) => Promise<void> | null;

/** Signals, with the exit code by which a shell tells them. */
const SIGNALS = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;
const signals = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
const UNCAUGHT = 'uncaughtException';

/** A process has one end, and a reporter for each of many projects would exceed its listeners. */
const listeners = new Set<ExitListener>();

/** Listens until the returned function is called; a second call does no harm. */
export function onProcessExit(listener: ExitListener): () => void {
  if (typeof globalThis.process?.once !== 'function') return () => {};
  if (listeners.size === 0) attach();
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) detach();
  };
}

async function notify(notice: ExitNotice): Promise<void> {
  await Promise.all([...listeners].map(async (listener) => listener(notice)));
}

/** Nothing is left to do. Called again after what it has begun is done. */
function onIdle(exitCode: number): void {
  const message = `The job's process ended with exit code ${exitCode}.`;
  void notify({ error: exitCode === 0 ? null : { errorCode: 'PROCESS_FAILED', message }, isFinal: true });
}

function onSignal(signal: keyof typeof SIGNALS): void {
  // Called once, so a second signal ends the process at once. With a listener of its own, the application decides.
  const isFinal = process.listenerCount(signal) === 0;
  const error = { errorCode: 'PROCESS_TERMINATED', message: `The job's process was ended by ${signal}.` };
  void notify({ error: isFinal ? error : null, isFinal }).then(() => {
    if (isFinal) {
      process.kill(process.pid, signal);
      // Still here: the first process of a container, which the system protects from its signals.
      process.exit(SIGNALS[signal]);
    }
    if (listeners.size > 0) process.once(signal, onSignal);
  });
}

function onUncaught(cause: unknown): void {
  const isFinal = process.listenerCount(UNCAUGHT) === 0;
  // Its message may hold what no watcher should see.
  const name = cause instanceof Error ? cause.name : 'Error';
  const error = { errorCode: name, message: `The job stopped by an error that it did not catch (${name}).` };
  void notify({ error: isFinal ? error : null, isFinal }).then(() => {
    if (!isFinal) {
      if (listeners.size > 0) process.once(UNCAUGHT, onUncaught);
      return;
    }
    // Outside the promise, and without a listener: printed, and the process ends, as without a reporter.
    process.off(UNCAUGHT, onUncaught);
    setImmediate(() => {
      throw cause;
    });
  });
}

function attach(): void {
  process.on('beforeExit', onIdle);
  process.once(UNCAUGHT, onUncaught);
  for (const signal of signals) process.once(signal, onSignal);
}

function detach(): void {
  process.off('beforeExit', onIdle);
  process.off(UNCAUGHT, onUncaught);
  for (const signal of signals) process.off(signal, onSignal);
}
