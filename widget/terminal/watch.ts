/** Shows a client in a terminal until there is nothing more to show, and says how it came out. */
import { hasEnded, type IngestionClient, type Progress } from '../client/index.js';
import { lineOf } from './status-line.js';

/** Where it is shown. */
export interface TerminalOutput {
  readonly isTTY: boolean;
  /** Characters in a line. */
  readonly columns: number;
  write(text: string): void;
}

/** How to show it. */
export interface TerminalOptions {
  readonly json: boolean;
  readonly follow: boolean;
}

/** Exit codes, by how it ended. */
export const EXIT = Object.freeze({
  completed: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  connection: 4,
  interrupted: 130,
  /** What a shell says of a command that SIGPIPE ended; Node does not let it. */
  unread: 141,
});

/** Resolves with the exit code at the ending, or when the connection is given up. Leaves the client to its maker. */
export async function watchInTerminal(
  client: IngestionClient,
  output: TerminalOutput,
  { json, follow }: TerminalOptions,
): Promise<number> {
  let finish: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  let over = false;
  let shown = '';
  function show(): void {
    if (over) return;
    const snapshot = client.getSnapshot();
    const { connection, progress, knowledge } = snapshot;
    const line = json
      ? JSON.stringify({ connection: connection.state, progress })
      : lineOf(snapshot).slice(0, output.isTTY ? output.columns - 1 : undefined);
    if (line !== shown) {
      shown = line;
      // A terminal's line is drawn over; a file or a pipe gets one after the other.
      output.write(output.isTTY && !json ? `\r\u001b[2K${line}` : `${line}\n`);
    }
    const ended = progress !== null && knowledge === 'confirmed' && hasEnded(progress) && !follow;
    if (!ended && !['disconnected', 'unauthorized', 'error'].includes(connection.state)) return;
    over = true;
    finish(ended ? codeOf(progress) : EXIT.connection);
  }
  const stop = client.subscribe(show);
  show();
  const code = await finished;
  stop();
  if (output.isTTY && !json) output.write('\n');
  return code;
}

function codeOf({ status, result }: Progress): number {
  if (status !== 'COMPLETED') return EXIT.failed;
  return result?.outcome === 'PARTIAL' ? EXIT.partial : EXIT.completed;
}
