/** The command line of `npm start -- …`. Pure: does not touch the disk. */

/** The help text. */
export const USAGE = `npm start -- [--once] [FOLDER]

  FOLDER   the folder to ingest; without it, the documentation under node_modules
  --once   exit when the ingestion has ended: with 0 if it completed, 1 if it failed

PORT (4000) sets the port of the page, DATA_DIR (.data) the data folder. Every variable of \`npm run serve\` works too.`;

/** A parsed command line. */
export type CommandLine =
  | { readonly kind: 'run'; readonly folder: string | null; readonly once: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly message: string };

/** Parses the arguments after the script's name. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const flags = args.filter((arg) => arg.startsWith('-') && arg !== '--');
  const folders = args.filter((arg) => !arg.startsWith('-'));
  if (flags.includes('--help') || flags.includes('-h')) return { kind: 'help' };
  const unknown = flags.find((flag) => flag !== '--once');
  if (unknown !== undefined) return { kind: 'invalid', message: `Unknown option ${unknown}.\n\n${USAGE}` };
  if (folders.length > 1) {
    return {
      kind: 'invalid',
      message: `Give one folder, not ${folders.length}: ${folders.join(', ')}.`,
    };
  }
  return { kind: 'run', folder: folders[0] ?? null, once: flags.includes('--once') };
}
