/** Parses and checks the arguments of the command line. */
import { ID_RULE, isId } from '@ingestion-progress/schema/ids';
import { parseArgs } from 'node:util';
import { createLineReader, FORMATS, type Format, type LineReader } from './formats.js';

/** Parsed arguments. */
export interface RunArguments {
  readonly projectId: string;
  /** From the environment if undefined. */
  readonly url: string | undefined;
  /** From the environment if undefined. */
  readonly tokenFile: string | undefined;
  readonly ingestionId: string | undefined;
  readonly title: string | undefined;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly phases: readonly string[];
  readonly format: Format | null;
  readonly read: LineReader | null;
  readonly program: string;
  readonly programArguments: readonly string[];
}

/** Printed by `--help`, and after an error. */
export const USAGE = `Usage: npx @ingestion-progress/server run --project ID [options] -- COMMAND [ARGUMENT...]

Runs a command and reports it as an ingestion. Its input, output, exit code and signals stay as they are.

  --project ID        project to report to
  --url URL           GraphQL URL of the server (default: INGESTION_PROGRESS_URL)
  --token-file FILE   file with the token, read again if it expires (default: INGESTION_PROGRESS_TOKEN)
  --id ID             ingestion to start, or to continue if it failed (default: a new one)
  --title TEXT        title of the ingestion (default: the name of the command)
  --label NAME=VALUE  label of the ingestion; may be repeated
  --phase NAME        name of a phase; repeat it for several (default: one, the name of the command)
  --format FORMAT     how to read progress from the output: ${FORMATS.slice(0, 4).join(', ')},
                      ${FORMATS.slice(4).join(', ')} (default: report only start and end)
  --pattern REGEX     for --format regex: groups named percent, done, total, bytes, bytesTotal, phase, message;
                      without names, the first group is the percent
  --help              print this help

Exit code: the command's; 128 + n if signal n ended it; 126 if it can't be executed, 127 if it is not found, 2 for
invalid arguments.
`;

/** The arguments, or an error message; `help` if that was requested. */
export function readArguments(argv: readonly string[]): RunArguments | { readonly error: string } | 'help' {
  const separator = argv.indexOf('--');
  const own = separator < 0 ? argv : argv.slice(0, separator);
  const [program, ...programArguments] = separator < 0 ? [] : argv.slice(separator + 1);
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      allowPositionals: true,
      options: {
        project: { type: 'string' },
        url: { type: 'string' },
        'token-file': { type: 'string' },
        id: { type: 'string' },
        title: { type: 'string' },
        label: { type: 'string', multiple: true, default: [] },
        phase: { type: 'string', multiple: true, default: [] },
        format: { type: 'string' },
        pattern: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    const [command, extra] = positionals;
    if (command !== 'run')
      return {
        error: command === undefined ? 'Missing command. Use run.' : `Unknown command "${command}". Use run.`,
      };
    if (extra !== undefined) return { error: `Unexpected argument "${extra}". Put the command after --.` };
    if (program === undefined) return { error: 'Missing COMMAND. Put it after --.' };
    if (values.project === undefined)
      return { error: 'Missing --project, the id of the project to report to.' };
    for (const name of ['project', 'id'] as const) {
      const id = values[name];
      if (id !== undefined && !isId(id)) return { error: `--${name} ${ID_RULE}.` };
    }
    const wrongLabel = values.label.find((label) => !/^[^=]+=./s.test(label));
    if (wrongLabel !== undefined) return { error: `--label ${wrongLabel}: use NAME=VALUE.` };
    const format = FORMATS.find((name) => name === values.format) ?? null;
    if (values.format !== undefined && format === null) {
      return { error: `Unknown format "${values.format}". Use one of ${FORMATS.join(', ')}.` };
    }
    if ((format === 'regex') !== (values.pattern !== undefined)) {
      return { error: 'Use --format regex and --pattern together.' };
    }
    return {
      projectId: values.project,
      url: values.url,
      tokenFile: values['token-file'],
      ingestionId: values.id,
      title: values.title,
      labels: values.label.map((label) => {
        const at = label.indexOf('=');
        return { name: label.slice(0, at), value: label.slice(at + 1) };
      }),
      phases: values.phase,
      format,
      read: format === null ? null : createLineReader(format, values.pattern),
      program,
      programArguments,
    };
  } catch (error) {
    // The message names the unknown option, or what is wrong with the pattern.
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
