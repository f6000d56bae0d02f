/** Receives commands for the job by server-sent events over fetch, and acknowledges them. Reconnects after any loss. */
import { COMMANDS, type ReceivedCommand } from './documents.js';
import type { ReporterEnvironment } from './environment.js';
import { backoffDelayMs } from '../shared/backoff.js';
import { sleep } from '../shared/sleep.js';
import { RETRY_BACKOFF, type Sender } from './sender.js';

/** Whether the job accepts a command, and if not, why. */
export interface CommandAnswer {
  readonly accepted: boolean;
  readonly reason?: string | undefined;
}

/** Options of the listener. */
export interface CommandListenerOptions {
  readonly endpoint: string;
  readonly projectId: string;
  readonly sender: Sender;
  readonly environment: ReporterEnvironment;
  /** Null if this command is not for this job; another one may acknowledge it. */
  readonly onCommand: (command: ReceivedCommand) => Promise<CommandAnswer | null> | CommandAnswer | null;
}

/** Milliseconds of silence after which the stream is considered dead; the server sends keep-alives far more often. */
const SILENCE_TIMEOUT_MS = 60_000;
/** Milliseconds after which an active stream is healthy, so that its end is no failure. (invariant: healthy-before-reset) */
const HEALTHY_AFTER_MS = 5_000;

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
      // Any failure is retried; reports are what reject if the server is gone for good.
    }
    if (signal.aborted) return;
    failures += 1;
    await sleep(environment, backoffDelayMs(RETRY_BACKOFF, failures, environment.random()), signal);
  }
}

async function readStream(
  options: CommandListenerOptions,
  force: boolean,
  signal: AbortSignal,
  onHealthy: () => void,
): Promise<void> {
  const { endpoint, projectId, sender, environment } = options;
  const silence = new AbortController();
  let cancelTimer = environment.setTimer(SILENCE_TIMEOUT_MS, () => silence.abort());
  try {
    const response = await environment.fetch(endpoint, {
      method: 'POST',
      headers: { ...(await sender.headers(force)), accept: 'text/event-stream' },
      body: JSON.stringify({ query: COMMANDS, variables: { projectId } }),
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok || response.body === null) throw new Error(`Status ${response.status}.`);
    const openedAt = environment.monotonicNow();
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body) {
      cancelTimer();
      cancelTimer = environment.setTimer(SILENCE_TIMEOUT_MS, () => silence.abort());
      if (environment.monotonicNow() - openedAt >= HEALTHY_AFTER_MS) onHealthy();
      text += decoder.decode(chunk, { stream: true }).replaceAll('\r', '');
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const command = commandIn(block);
        if (command === null) continue;
        onHealthy();
        void acknowledge(options, command);
      }
    }
  } finally {
    cancelTimer();
  }
}

/** The command in one event of the stream; null for a keep-alive. */
function commandIn(block: string): ReceivedCommand | null {
  const data = block
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
  if (data === '') return null;
  const body = JSON.parse(data) as { data?: { ingestionCommands?: ReceivedCommand | null } | null } | null;
  return body?.data?.ingestionCommands ?? null;
}

async function acknowledge(
  { projectId, sender, onCommand }: CommandListenerOptions,
  command: ReceivedCommand,
): Promise<void> {
  try {
    const answer = await onCommand(command);
    if (answer === null) return;
    await sender.send('acknowledge', { projectId, commandId: command.id, ...answer });
  } catch {
    // Not acknowledged: the command fails after 5 s because no job accepted it.
  }
}
