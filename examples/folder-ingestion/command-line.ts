/** What `npm start -- …` may say. Pure; leaves looking at the disk to others. */

/** The usage, for people. */
export const USAGE = `npm start -- [--once] [FOLDER]

  FOLDER   the folder to ingest; without it, the documentation under node_modules
  --once   end when the ingestion has ended: 0 where it completed, 1 where it failed

PORT (4000) moves the page, DATA_DIR (.data) what is kept; any variable of \`npm run serve\` counts too.`;

/** What was asked for. */
export type CommandLine =
  | { readonly kind: 'run'; readonly folder: string | null; readonly once: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

/** Reads the arguments after the script's name. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const flags = args.filter((arg) => arg.startsWith('-') && arg !== '--');
  const folders = args.filter((arg) => !arg.startsWith('-'));
  if (flags.includes('--help') || flags.includes('-h')) return { kind: 'help' };
  const unknown = flags.find((flag) => flag !== '--once');
  if (unknown !== undefined) return { kind: 'mistake', message: `${unknown} is not known.\n\n${USAGE}` };
  if (folders.length > 1) {
    return {
      kind: 'mistake',
      message: `One folder at a time, but ${folders.length} were given: ${folders.join(', ')}.`,
    };
  }
  return { kind: 'run', folder: folders[0] ?? null, once: flags.includes('--once') };
}
