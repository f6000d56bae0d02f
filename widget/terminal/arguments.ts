/** Parses and validates the command line arguments. */
import { parseArgs } from 'node:util';

/** Parsed arguments. */
export interface WatchArguments {
  readonly projectId: string;
  readonly endpoint: string;
  readonly ingestionId: string | undefined;
  /** Keep following the project's next ingestions. */
  readonly follow: boolean;
  readonly json: boolean;
}

/** Printed by `--help`, and after an error. */
export const USAGE = `Usage: npx @ingestion-progress/widget watch PROJECT --endpoint URL [options]

Shows a project's ingestion until it ends. Set the token in INGESTION_PROGRESS_TOKEN.

  --endpoint URL     GraphQL URL of the server, such as https://api.example.com/graphql
  --ingestion ID     follow this ingestion and its retries (default: the project's latest)
  --follow           keep following the project's next ingestions until Ctrl-C
  --json             print one JSON object per line, for scripts
  --help             print this help

Exit code: 0 completed, 3 completed with errors, 1 failed or cancelled, 4 connection failed, 2 invalid arguments,
130 interrupted by Ctrl-C, 141 output pipe closed.
`;

/** The arguments, or an error message; `help` if that was requested. */
export function readArguments(argv: readonly string[]): WatchArguments | { readonly error: string } | 'help' {
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
    if (command === undefined) return { error: 'Missing command. Use watch.' };
    if (command !== 'watch') return { error: `Unknown command "${command}". Use watch.` };
    if (projectId === undefined) return { error: 'Missing PROJECT, the id of the project to watch.' };
    if (rest.length > 0)
      return { error: `Unexpected argument "${rest.join(' ')}". Watch one project at a time.` };
    if (values.endpoint === undefined) return { error: 'Missing --endpoint, the GraphQL URL of the server.' };
    const { endpoint, ingestion: ingestionId, follow, json } = values;
    return { projectId, endpoint, ingestionId, follow, json };
  } catch (error) {
    // the message of parseArgs names the unknown option
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
