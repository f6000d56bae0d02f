/** What a person typed after the command, read and checked; and what to tell one who typed it wrong. */
import { parseArgs } from 'node:util';

/** What to watch, and how to show it. */
export interface WatchArguments {
  readonly projectId: string;
  readonly endpoint: string;
  readonly ingestionId: string | undefined;
  /** Goes on with the project's next ingestions. */
  readonly follow: boolean;
  readonly json: boolean;
}

/** Printed by `--help`, and beside what is wrong. */
export const USAGE = `Usage: npx @ingestion-progress/widget watch PROJECT --endpoint URL [options]

Shows a project's ingestion until it ends. The token is read from INGESTION_PROGRESS_TOKEN.

  --endpoint URL     GraphQL address of the server, such as https://api.example.com/graphql
  --ingestion ID     this ingestion, and those that retry it; else the project's latest
  --follow           go on with the project's next ingestions; ended by Ctrl-C
  --json             one JSON object a line, for scripts
  --help             this text

Exit code: 0 completed, 3 completed with errors, 1 failed or cancelled, 4 connection given up, 2 wrong arguments,
130 ended by Ctrl-C, 141 nobody reads the output any more.
`;

/** The arguments, or a sentence about what is wrong with them; `help` where that was asked for. */
export function readArguments(argv: readonly string[]): WatchArguments | { readonly wrong: string } | 'help' {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        endpoint: { type: 'string' },
        ingestion: { type: 'string' },
        follow: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    const [command, projectId, ...rest] = positionals;
    if (command !== 'watch') return { wrong: `There is one command, watch; not "${command ?? ''}".` };
    if (projectId === undefined) return { wrong: 'PROJECT is missing: the id of what to watch.' };
    if (rest.length > 0) return { wrong: `One project at a time; "${rest.join(' ')}" is too much.` };
    if (values.endpoint === undefined) return { wrong: '--endpoint is missing: the address of the server.' };
    const { endpoint, ingestion: ingestionId, follow, json } = values;
    return { projectId, endpoint, ingestionId, follow, json };
  } catch (error) {
    // parseArgs says by itself which option it does not know.
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}
