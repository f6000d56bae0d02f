// Drives the JavaScript reporter: a command a line in, an answer a line out. The first argument is the bundled reporter.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { createReporter } = await import(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
let run;

const COMMANDS = {
  open({ endpoint, projectId, tokenFile, start, options, clockOffsetMs }) {
    const { now } = Date;
    Date.now = () => now() + clockOffsetMs;
    const getToken = () => readFileSync(tokenFile, 'utf8');
    run = createReporter({ endpoint, projectId, getToken, ...options }).openIngestion(start);
    run.signal.addEventListener('abort', () => say({ event: 'abort', cancelRequested: run.cancelRequested }));
  },
  phase: ({ phase, message }) => run.emitPhaseStarted(phase, message),
  update: ({ phase, percent, metrics }) => run.emitProgressUpdate(phase, percent, metrics),
  flush: () => run.flush(),
  complete: () => run.emitComplete({}),
  fail: ({ errorCode, message, recoverable }) => run.emitError(null, { errorCode, message, recoverable }),
  cancelled: () => run.confirmCancelled(),
  // As a job does that has not caught an error.
  throw: () =>
    setImmediate(() => {
      throw new TypeError('secret');
    }),
  exit: ({ code }) => void (process.exitCode = code),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    await COMMANDS[command.do](command);
    say({ done: command.do });
  } catch (error) {
    say({ done: command.do, error: error.code });
  }
}
