/** What a terminal shows of a snapshot, as one line. Pure. */
import type { Connection, Progress, Snapshot } from '../client/index.js';

const BAR_WIDTH = 24;

/** The whole state in one line: the bar, the phase in the job's words, and the connection where it is not well. */
export function lineOf({ progress, knowledge, connection }: Snapshot): string {
  const waiting = knowledge === 'none' ? 'Nothing heard yet' : 'Waiting for an ingestion to start';
  const job = progress === null ? waiting : jobOf(progress);
  const notice = noticeOf(connection);
  const line = notice === '' ? job : `${job}  (${notice})`;
  return line.replace(/\p{Cc}+/gu, ' '); // words of a job are shown, and never steer the terminal
}

function jobOf(progress: Progress): string {
  const { progressPercent: percent, status, result, error } = progress;
  const filled = Math.round(((percent ?? 0) / 100) * BAR_WIDTH);
  const bar = percent === null ? '?'.repeat(BAR_WIDTH) : '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
  const shown = percent === null ? '  ?%' : `${String(Math.floor(percent)).padStart(3)}%`;
  const start = `[${bar}] ${shown}`;
  switch (status) {
    case 'COMPLETED':
      return `${start}  ${result?.outcome === 'PARTIAL' ? 'Completed with errors' : 'Completed'}${countsOf(progress)}`;
    case 'CANCELLED':
      return `${start}  Cancelled`;
    case 'FAILED':
      return `${start}  Failed${error?.recoverable === true ? ', may go on' : ''}: ${error?.message ?? ''} ${error?.errorCode ?? ''}`.trimEnd();
    case 'RUNNING': {
      const phase = progress.phases[progress.currentPhase - 1];
      if (phase === undefined) return `${start}  Waiting for the first phase`;
      const message = phase.message === null || phase.message === phase.name ? '' : `: ${phase.message}`;
      return `${start}  ${String(phase.number)}/4 ${phase.name}${message}${countsOf(progress)}`;
    }
  }
}

function countsOf({ phases, currentPhase, result }: Progress): string {
  const metrics = phases[currentPhase - 1]?.metrics;
  const done = result?.itemsProcessed ?? metrics?.itemsProcessed ?? null;
  const itemsTotal = metrics?.itemsTotal ?? null;
  const failed = result?.itemsFailed ?? metrics?.itemsFailed ?? 0;
  if (done === null) return '';
  const total = result === null && itemsTotal !== null ? ` of ${String(itemsTotal)}` : '';
  return `, ${String(done)}${total} items${failed > 0 ? `, ${String(failed)} failed` : ''}`;
}

function noticeOf(connection: Connection): string {
  switch (connection.state) {
    case 'idle':
    case 'connected':
    case 'completed':
      return '';
    case 'reconnecting':
      // The first loss is told of before the first attempt.
      return connection.attempt === 0
        ? 'reconnecting'
        : `reconnecting, attempt ${String(connection.attempt)} of ${String(connection.maxAttempts)}`;
    case 'polling':
      return 'polling';
    case 'disconnected':
    case 'unauthorized':
    case 'error':
      return [connection.state, connection.error?.message].filter(Boolean).join(': ');
    case 'connecting':
    case 'offline':
      return connection.state;
  }
}
