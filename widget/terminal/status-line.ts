/** Formats a snapshot as one line for the terminal. Pure. */
import type { Connection, Progress, Snapshot } from '../client/index.js';

const BAR_WIDTH = 24;

/** The bar, the current phase, and the connection if it is not connected. */
export function statusLine({ progress, knowledge, connection }: Snapshot): string {
  const waiting = knowledge === 'none' ? 'No data yet' : 'Waiting for an ingestion to start';
  const job = progress === null ? waiting : jobText(progress);
  const connectionStatus = connectionText(connection);
  const line = connectionStatus === '' ? job : `${job}  (${connectionStatus})`;
  return line.replace(/[\p{Cc}\p{Bidi_C}]+/gu, ' '); // text of a job must not control the terminal
}

function jobText(progress: Progress): string {
  const { progressPercent: percent, status, result, error } = progress;
  const filled = Math.round(((percent ?? 0) / 100) * BAR_WIDTH);
  const bar = percent === null ? '?'.repeat(BAR_WIDTH) : '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
  const shown = percent === null ? '  ?%' : `${String(Math.floor(percent)).padStart(3)}%`;
  const start = `[${bar}] ${shown}`;
  switch (status) {
    case 'COMPLETED':
      return `${start}  ${result?.outcome === 'PARTIAL' ? 'Completed with errors' : 'Completed'}${countsText(progress)}`;
    case 'CANCELLED':
      return `${start}  Cancelled`;
    case 'FAILED':
      return `${start}  Failed${error?.recoverable === true ? ' (may resume)' : ''}: ${error?.message ?? ''} ${error?.errorCode ?? ''}`.trimEnd();
    case 'RUNNING': {
      const { phases } = progress;
      const phase = phases.findLast((each) => each.status === 'RUNNING') ?? phases[progress.currentPhase - 1];
      if (phase === undefined) return `${start}  Waiting for the first phase`;
      const message = phase.message === null || phase.message === phase.name ? '' : `: ${phase.message}`;
      return `${start}  ${String(phase.number)}/${String(phases.length)} ${phase.name}${message}${countsText(progress)}`;
    }
  }
}

function countsText({ phases, currentPhase, result }: Progress): string {
  const metrics = phases[currentPhase - 1]?.metrics;
  const done = result?.itemsProcessed ?? metrics?.itemsProcessed ?? null;
  const itemsTotal = metrics?.itemsTotal ?? null;
  const failed = result?.itemsFailed ?? metrics?.itemsFailed ?? 0;
  if (done === null) return '';
  const total = result === null && itemsTotal !== null ? ` of ${String(itemsTotal)}` : '';
  return `, ${String(done)}${total} items${failed > 0 ? `, ${String(failed)} failed` : ''}`;
}

function connectionText(connection: Connection): string {
  switch (connection.state) {
    case 'idle':
    case 'connected':
    case 'completed':
      return '';
    case 'reconnecting':
      // A connection loss is reported before the first attempt.
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
