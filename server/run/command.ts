/**
 * Runs a command with its output, exit code and signals passed through, and reports what a reader finds in its output. It
 * never waits for the reports before the command's end.
 */
import { ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { ErrorInput, ReporterRun } from '../reporter/index.js';
import { createReadingReport } from '../reporter/reading.js';
import type { LineReader } from './formats.js';
import { createLineSplitter } from './lines.js';
import { createPipe } from './pipe.js';

/** Exit codes of a shell for a command that could not be started. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const BY_SIGNAL = 128;
/** Milliseconds for which output is still read after the command's end: processes that it left behind may hold it open. */
const OUTPUT_TIMEOUT_MS = 2_000;
/** Bounds of the message of a failure, in lines and characters. */
const MAX_LAST_LINES = 10;
const MAX_MESSAGE_LENGTH = 1_000;
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What to run, and how. */
export interface CommandOptions {
  readonly program: string;
  readonly programArguments: readonly string[];
  /** Null: nothing is reported. */
  readonly run: ReporterRun | null;
  /** Null: only start and end are reported. */
  readonly read: LineReader | null;
  /** Whether a failure may be continued by another start. */
  readonly recoverable: boolean;
  /** Milliseconds from a request to cancel (SIGTERM) to SIGKILL. */
  readonly killAfterMs: number;
  /** Milliseconds of output after which a format that never matched is reported. */
  readonly unmatchedAfterMs: number;
  /** Called once, while the command runs or at its end, if no line was of the format. */
  readonly onUnmatched: () => void;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** How the command ended. */
export interface CommandEnd {
  readonly exitCode: number;
  /** Settles once the server has stored the end. */
  readonly reported: Promise<void>;
}

/** Resolves once the command has ended. */
export async function runCommand(options: CommandOptions): Promise<CommandEnd> {
  const { program, run, killAfterMs } = options;
  const name = basename(program);
  const report = run === null ? null : createReadingReport(run, name);
  const lastLines: string[] = [];
  let isMatched = options.read === null;
  let hasOutput = false;
  const complain = (): void => {
    if (isMatched) return;
    isMatched = true;
    options.onUnmatched();
  };
  const onLine = (line: string, isError: boolean): void => {
    hasOutput = true;
    const reading = options.read?.(line) ?? null;
    if (reading !== null) {
      isMatched = true;
      report?.add(reading);
    } else if (isError) {
      lastLines.push(plain(line).slice(0, MAX_MESSAGE_LENGTH));
      if (lastLines.length > MAX_LAST_LINES) lastLines.shift();
    }
  };

  const pipes = [createPipe(), createPipe()] as const;
  const child = start(options, [pipes[0]?.inputFd ?? 'pipe', pipes[1]?.inputFd ?? 'pipe']);
  for (const pipe of pipes) pipe?.closeInput();
  const [stdout, stderr] = [pipes[0]?.output ?? child.stdout, pipes[1]?.output ?? child.stderr];
  const unmatchedTimer = setInterval(() => hasOutput && complain(), options.unmatchedAfterMs).unref();
  const closed = Promise.all([
    pass(stdout, options.stdout, (line) => onLine(line, false)),
    pass(stderr, options.stderr, (line) => onLine(line, true)),
  ]);
  let killTimer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    // It also aborts if another attempt took over; nobody asked for the command's end then.
    if (run?.cancelRequested !== true) return;
    child.kill('SIGTERM');
    killTimer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  run?.signal.addEventListener('abort', onAbort);
  const stopPassing = passSignals(child);
  const end = await ended(child);
  clearTimeout(killTimer);
  run?.signal.removeEventListener('abort', onAbort);
  if (end.error === null) await within(closed, OUTPUT_TIMEOUT_MS);
  stdout?.destroy();
  stderr?.destroy();
  stopPassing();
  clearInterval(unmatchedTimer);
  if (end.error === null && hasOutput) complain();

  const { code, signal, error } = end;
  const failed = (why: Omit<ErrorInput, 'recoverable'>) =>
    run?.emitError(report?.phase ?? null, { ...why, recoverable: options.recoverable }) ?? Promise.resolve();
  if (error !== null) {
    const isMissing = error.code === 'ENOENT';
    const message = `${program}: ${isMissing ? 'command not found' : `cannot be executed (${error.code ?? error.message})`}`;
    options.stderr.write(`ingestion-progress: ${message}\n`);
    return {
      exitCode: isMissing ? NOT_FOUND : NOT_EXECUTABLE,
      reported: failed({
        errorCode: isMissing ? 'COMMAND_NOT_FOUND' : 'COMMAND_NOT_EXECUTABLE',
        message,
      }),
    };
  }
  const exitCode = code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]);
  if (run?.cancelRequested === true) return { exitCode, reported: run.confirmCancelled() };
  if (exitCode === 0) return { exitCode, reported: run?.emitComplete({}) ?? Promise.resolve() };
  const what =
    signal === null ? `${name} ended with exit code ${exitCode}.` : `${name} was ended by ${signal}.`;
  return {
    exitCode,
    reported: failed({
      errorCode: signal === null ? 'COMMAND_FAILED' : 'COMMAND_TERMINATED',
      message: [what, ...newest(lastLines)].join('\n'),
    }),
  };
}

/** Passes a stream on as it comes, and its lines. Resolves once it is over. */
function pass(from: Readable | null, to: Writable, onLine: (line: string) => void): Promise<void> {
  if (from === null) return Promise.resolve();
  const lines = createLineSplitter(onLine);
  from.pipe(to, { end: false });
  from.on('data', (chunk: Buffer) => lines.push(chunk));
  // Nobody reads any more: neither does this, so that the command hears of it by SIGPIPE.
  const onError = (): void => void from.destroy();
  to.once('error', onError);
  return new Promise((resolve) => {
    from.once('close', () => {
      to.off('error', onError);
      lines.end();
      resolve();
    });
  });
}

/** Passes signals on until the returned function is called. */
function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    // A terminal sends Ctrl-C to the command, too; twice means "at once" to many.
    if (signal === 'SIGINT' && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY)) return;
    child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, pass);
  return () => {
    for (const signal of PASSED_ON) process.off(signal, pass);
  };
}

/** Some errors Node.js throws, others it emits; here all of them are emitted. */
function start(
  { program, programArguments }: CommandOptions,
  output: readonly [number | 'pipe', number | 'pipe'],
): ChildProcess {
  try {
    return spawn(program, programArguments, { stdio: ['inherit', ...output] });
  } catch (error) {
    const child = new ChildProcess();
    process.nextTick(() => child.emit('error', error));
    return child;
  }
}

interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly error: NodeJS.ErrnoException | null;
}

function ended(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, error: null }));
    child.on('error', (error) => {
      // It may also say that a signal could not be sent: the command has ended then, or ends by itself.
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
  });
}

/** Whether the task settled in time; its error is the caller's. */
export async function within(task: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  try {
    return await Promise.race([task.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Without colours and other controls of a terminal. */
function plain(line: string): string {
  return line.replaceAll(/\u001b\[[\d;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g, '').trimEnd();
}

/** As many of the last lines as fit. */
function newest(lines: readonly string[]): readonly string[] {
  let length = 0;
  let from = lines.length;
  while (from > 0 && length + (lines[from - 1] ?? '').length < MAX_MESSAGE_LENGTH) {
    from -= 1;
    length += (lines[from] ?? '').length + 1;
  }
  return lines.slice(from);
}
