/** Options of a reporter, with units and defaults; checked at construction. */
import { ID_RULE, isId } from '@ingestion-progress/schema/ids';
import { ReporterError } from './errors.js';
import type { ReporterEnvironment } from './environment.js';

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
   * Called for every rejected report that no caller awaits: updates, phase starts. After a final rejection (`CONFLICT`,
   * `FORBIDDEN`, …) it is called once, not for each report that follows.
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
  for (const name of ['windowMs', 'requestTimeoutMs', 'giveUpAfterMs'] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
      return `${name}: must be a number of milliseconds, 0 or more`;
    }
  }
  return null;
}
