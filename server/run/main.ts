#!/usr/bin/env node
/** The command: `npx @ingestion-progress/server run --project ID -- COMMAND`. A server that is away never stops it. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createReporter, ReporterError, type Reporter } from '../reporter/index.js';
import { readArguments, USAGE, type RunArguments } from './arguments.js';
import { runCommand, within } from './command.js';

const INVALID_ARGUMENTS = 2;
/** Milliseconds from the command's end for which its last reports are sent; fewer if the server never answered. */
const FLUSH_TIMEOUT_MS = 10_000;
const FLUSH_TIMEOUT_IF_SILENT_MS = 2_000;
const KILL_AFTER_MS = 10_000;
/** A command may write its first line of progress after a minute, as rclone does. */
const UNMATCHED_AFTER_MS = 90_000;

function say(text: string): void {
  process.stderr.write(`ingestion-progress: ${text}\n`);
}

let hasComplained = false;
/** The first reason why nothing is shown; the command's output is not to be buried. */
function complain(reason: string): void {
  if (hasComplained) return;
  hasComplained = true;
  say(`progress is not reported: ${reason.replaceAll(/\s+/g, ' ')}`);
}

/** Null if nothing can be reported. */
function open({ projectId, url, tokenFile }: RunArguments): Reporter | null {
  const endpoint = url ?? process.env['INGESTION_PROGRESS_URL'];
  const token = process.env['INGESTION_PROGRESS_TOKEN'];
  if (endpoint === undefined) complain('use --url or set INGESTION_PROGRESS_URL.');
  else if (tokenFile === undefined && token === undefined)
    complain('use --token-file or set INGESTION_PROGRESS_TOKEN.');
  else {
    try {
      return createReporter({
        endpoint,
        projectId,
        ...(tokenFile === undefined
          ? { token: token?.trim() }
          : { getToken: async () => (await readFile(tokenFile, 'utf8')).trim() }),
        handleExit: false,
        quiet: true,
        onWaiting: ({ error }) => complain(error?.message ?? `${endpoint}: no answer yet`),
        onRejected: ({ code, message }) => complain(`${message} (${code})`),
      });
    } catch (error) {
      complain(error instanceof Error ? error.message : String(error));
    }
  }
  return null;
}

async function main(): Promise<number> {
  const read = readArguments(process.argv.slice(2));
  if (read === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if ('error' in read) {
    process.stderr.write(`${read.error}\n\n${USAGE}`);
    return INVALID_ARGUMENTS;
  }
  const { program, programArguments, ingestionId, format } = read;
  const name = basename(program);
  const reporter = open(read);
  const run = reporter?.openIngestion({
    ingestionId,
    title: read.title ?? name,
    labels: [...read.labels],
    phases: (read.phases.length === 0 ? [name] : read.phases).map((phase) => ({ name: phase })),
    cancellable: true,
  });
  let isStarted = false;
  run?.started.then(
    () => (isStarted = true),
    () => {},
  );
  const { exitCode, reported } = await runCommand({
    program,
    programArguments,
    run: run ?? null,
    read: read.read,
    // Without an id of its own, no later run could continue it.
    recoverable: ingestionId !== undefined,
    killAfterMs: KILL_AFTER_MS,
    unmatchedAfterMs: UNMATCHED_AFTER_MS,
    onUnmatched: () =>
      say(`no line of ${name} matches --format ${format}; only its start and end are reported.`),
    stdout: process.stdout,
    stderr: process.stderr,
  });
  try {
    const isReported = await within(reported, isStarted ? FLUSH_TIMEOUT_MS : FLUSH_TIMEOUT_IF_SILENT_MS);
    if (!isReported && isStarted)
      say(`the end of ${name} was not delivered: the server did not answer in time.`);
    else if (!isReported) complain('the server did not answer in time.');
  } catch (error) {
    const reason = error instanceof ReporterError ? `${error.message} (${error.code})` : String(error);
    if (isStarted) say(`the end of ${name} was not delivered: ${reason}`);
    else complain(reason);
  }
  reporter?.dispose();
  return exitCode;
}

process.exitCode = await main();
