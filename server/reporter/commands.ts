/** Hears what a person asks of the job, by server-sent events over fetch, and answers. Comes back after any loss. */
import { COMMANDS, type CommandHeard } from './documents.js';
import type { ReporterEnvironment } from './environment.js';
import { pause } from './pause.js';
import { backoffMs, type Sender } from './sender.js';

/** Whether the job does what a person asked, and why not. */
export interface CommandAnswer {
  readonly accepted: boolean;
  readonly reason?: string | undefined;
}

/** What the listener stands on. */
export interface CommandListenerOptions {
  readonly endpoint: string;
  readonly projectId: string;
  readonly sender: Sender;
  readonly environment: ReporterEnvironment;
  /** Null where this command is not for it, and somebody else may answer. */
  readonly onCommand: (command: CommandHeard) => Promise<CommandAnswer | null> | CommandAnswer | null;
}

/** Milliseconds of silence after which the stream is taken for dead; the server sends a sign of life far more often. */
const SILENCE_MS = 60_000;
/** Milliseconds after which a stream that still speaks is healthy: what ends it then, such as a token's end, is no failure. */
const HEALTHY_MS = 5_000;

/** Listens until the returned function is called; calling it twice does no harm. */
export function listenToCommands(options: CommandListenerOptions): () => void {
  const stopped = new AbortController();
  void listen(options, stopped.signal);
  return () => stopped.abort();
}

async function listen(options: CommandListenerOptions, signal: AbortSignal): Promise<void> {
  const { environment } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await readStream(options, failures > 0, signal, () => {
        failures = 0;
      });
    } catch {
      // Whatever it was, the answer is the same: come back later. Reports tell the job if the server is gone for good.
    }
    if (signal.aborted) return;
    failures += 1;
    await pause(environment, backoffMs(failures, environment.random()), signal);
  }
}

async function readStream(
  options: CommandListenerOptions,
  forced: boolean,
  signal: AbortSignal,
  onHealthy: () => void,
): Promise<void> {
  const { endpoint, projectId, sender, environment } = options;
  const silence = new AbortController();
  let cancelTimer = environment.setTimer(SILENCE_MS, () => silence.abort());
  try {
    const response = await environment.fetch(endpoint, {
      method: 'POST',
      headers: { ...(await sender.headers(forced)), accept: 'text/event-stream' },
      body: JSON.stringify({ query: COMMANDS, variables: { projectId } }),
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok || response.body === null) throw new Error(`The answer was ${response.status}.`);
    const openedAt = environment.monotonicNow();
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body) {
      cancelTimer();
      cancelTimer = environment.setTimer(SILENCE_MS, () => silence.abort());
      if (environment.monotonicNow() - openedAt >= HEALTHY_MS) onHealthy();
      text += decoder.decode(chunk, { stream: true }).replaceAll('\r', '');
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const command = commandIn(block);
        if (command === null) continue;
        onHealthy();
        void answer(options, command);
      }
    }
  } finally {
    cancelTimer();
  }
}

/** The command in one event of the stream; null for a sign of life. */
function commandIn(block: string): CommandHeard | null {
  const data = block
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
  if (data === '') return null;
  const body = JSON.parse(data) as { data?: { ingestionCommands?: CommandHeard | null } | null } | null;
  return body?.data?.ingestionCommands ?? null;
}

async function answer(
  { projectId, sender, onCommand }: CommandListenerOptions,
  command: CommandHeard,
): Promise<void> {
  try {
    const answered = await onCommand(command);
    if (answered === null) return;
    await sender.send('acknowledge', { projectId, commandId: command.id, ...answered });
  } catch {
    // Not answered: the person who asked is told after 5 s that no job took it.
  }
}
