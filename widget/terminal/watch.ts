/** Shows a client in a terminal until the ingestion ends or the connection fails, and returns the exit code. */
import { hasEnded, type IngestionClient, type Progress } from '../client/index.js';
import { statusLine } from './status-line.js';

/** The terminal. */
export interface TerminalOutput {
  readonly isTTY: boolean;
  /** Width of the terminal, in characters. */
  readonly columns: number;
  write(text: string): void;
}

/** Options of the output. */
export interface TerminalOptions {
  readonly json: boolean;
  readonly follow: boolean;
}

/** Exit codes. */
export const EXIT = Object.freeze({
  completed: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  connection: 4,
  interrupted: 130,
  /** The code that shells report for SIGPIPE, which Node ignores. */
  brokenPipe: 141,
});

/** Resolves with the exit code once the ingestion has ended or the connection has failed. The caller disposes the client. */
export async function watchInTerminal(
  client: IngestionClient,
  output: TerminalOutput,
  { json, follow }: TerminalOptions,
): Promise<number> {
  let finish: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  let isOver = false;
  let shown = '';
  function show(): void {
    if (isOver) return;
    const snapshot = client.getSnapshot();
    const { connection, progress, knowledge } = snapshot;
    const line = json
      ? jsonLine({ connection: connection.state, progress })
      : statusLine(snapshot).slice(0, output.isTTY ? output.columns - 1 : undefined);
    if (line !== shown) {
      shown = line;
      // a terminal redraws its line; a file or a pipe gets one line after the other
      output.write(output.isTTY && !json ? `\r\u001b[2K${line}` : `${line}\n`);
    }
    const ended = progress !== null && knowledge === 'confirmed' && hasEnded(progress) && !follow;
    if (!ended && !['disconnected', 'unauthorized', 'error'].includes(connection.state)) return;
    isOver = true;
    finish(ended ? exitCodeOf(progress) : EXIT.connection);
  }
  const stop = client.subscribe(show);
  show();
  const code = await finished;
  stop();
  if (output.isTTY && !json) output.write('\n');
  return code;
}

/** What `JSON.stringify` leaves as it is, and a terminal obeys: DEL, C1, and marks that turn the direction of text. */
const CONTROLS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON of the same value whose characters are all safe to print. */
function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function exitCodeOf({ status, result }: Progress): number {
  if (status !== 'COMPLETED') return EXIT.failed;
  return result?.outcome === 'PARTIAL' ? EXIT.partial : EXIT.completed;
}
