/** Options of a reporter, with units and defaults; checked at construction. */
import { ID_RULE, isId } from '@ingestion-progress/schema/ids';
import { ReporterError } from './errors.js';
import type { ReporterEnvironment } from './environment.js';

/** What a report waits for. */
export interface Waiting {
  /** For how long by now, in milliseconds. */
  readonly waitedMs: number;
  /** The last failure; null if no answer came yet. */
  readonly error: ReporterError | null;
}

/** How to reach the server, and how long to retry. */
export interface ReporterOptions {
  /** The server's GraphQL address, such as `https://progress.example.com/graphql`. */
  readonly endpoint: string;
  readonly projectId: string;
  /** A token with the scope `progress:write`. For a run that may outlive it, give `getToken`. */
  readonly token?: string | undefined;
  /** Called before the first report, and with `force` again after the token was rejected, when a fresh one is needed. */
  readonly getToken?: ((request: { readonly force: boolean }) => string | Promise<string>) | undefined;
  /** Milliseconds within which updates merge into one. @default 500 */
  readonly windowMs?: number | undefined;
  /** Milliseconds after which an unanswered request is sent again; an ending may take the server 30 s. @default 40000 */
  readonly requestTimeoutMs?: number | undefined;
  /** Milliseconds of failed attempts after which the reporter gives up with `NO_ANSWER`. @default 900000 */
  readonly giveUpAfterMs?: number | undefined;
  /**
   * Milliseconds for which the end of the process is put off, so that queued reports are sent: when nothing is left to do, on
   * SIGTERM, SIGINT and SIGHUP, and after an error that nobody caught. What is not sent by then is lost. @default 10000
   */
  readonly flushTimeoutMs?: number | undefined;
  /**
   * Whether an ingestion that is open when the process ends by a signal, by an error that nobody caught or with an exit code
   * other than 0 is reported as failed, recoverably, and queued reports are sent first. The process then ends as it would
   * have; if the application handles the signal or the error itself, nothing is reported. After `process.exit` nothing can
   * be sent: set `process.exitCode` instead. @default true
   */
  readonly handleExit?: boolean | undefined;
  /** Called when a report waits because the server cannot be reached, at once and then every minute. */
  readonly onWaiting?: ((waiting: Waiting) => void) | undefined;
  /** Whether nothing is written to standard error: neither that it waits, nor that a report was rejected. @default false */
  readonly quiet?: boolean | undefined;
  /**
   * Called for every rejected report that no caller awaits: updates, phase starts. After a final rejection (`CONFLICT`,
   * `FORBIDDEN`, …) it is called once, not for each report that follows. @default the first rejection of a run is written to standard error
   */
  readonly onRejected?: ((error: ReporterError) => void) | undefined;
  /** For tests. @default this machine's clock, chance and network */
  readonly environment?: ReporterEnvironment | undefined;
}

/** The defaults. */
export const REPORTER_DEFAULTS = Object.freeze({
  windowMs: 500,
  requestTimeoutMs: 40_000,
  giveUpAfterMs: 900_000,
  flushTimeoutMs: 10_000,
});

/** @throws ReporterError `BAD_USER_INPUT` with a sentence that says how to fix it. */
export function checkOptions(options: ReporterOptions): void {
  const problem = problemOf(options);
  if (problem !== null) throw new ReporterError('BAD_USER_INPUT', problem);
}

function problemOf(options: ReporterOptions): string | null {
  if (!URL.canParse(options.endpoint) || !/^https?:$/.test(new URL(options.endpoint).protocol)) {
    return 'endpoint: give the address of the GraphQL server, such as https://progress.example.com/graphql';
  }
  if (!isId(options.projectId)) return `projectId: ${ID_RULE}`;
  if ((options.token === undefined) === (options.getToken === undefined)) {
    return 'token: give either token or getToken';
  }
  for (const name of ['windowMs', 'requestTimeoutMs', 'giveUpAfterMs', 'flushTimeoutMs'] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
      return `${name}: must be a number of milliseconds, 0 or more`;
    }
  }
  return null;
}
