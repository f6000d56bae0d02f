/** Runs the user's commands, Retry and Cancel: fires the cancelable event, then sends the mutation and keeps its outcome. */
import type { CommandOutcome, IngestionClient, Progress } from '../client/index.js';
import { fire } from './element-events.js';
import type { Job } from './job.js';
import type { Localization } from './localization.js';

/** Characters of a reason that are shown. */
const MAX_REASON = 160;

/** A command that the user can give. */
export type CommandKind = 'retry' | 'cancel';

/** Status of a command. */
export interface CommandStatus {
  readonly kind: CommandKind;
  /** Why it failed, as a sentence; null while it is pending. */
  readonly error: string | null;
}

/** What the controller needs of its element. */
export interface CommandHost extends EventTarget {
  requestUpdate(): void;
}

/** Keeps the status of the latest command. */
export class CommandController {
  readonly #host: CommandHost;
  #status: CommandStatus | null = null;
  #ingestionKey = '';

  constructor(host: CommandHost) {
    this.#host = host;
  }

  /** The latest command; null once the ingestion or its status has changed since. */
  statusFor({ progress }: Job): CommandStatus | null {
    if (ingestionKeyOf(progress) !== this.#ingestionKey) this.#status = null;
    return this.#status;
  }

  /** Fires the event and, unless it is prevented, sends the command. */
  async send(
    kind: CommandKind,
    { progress, error }: Job,
    client: IngestionClient | null,
    localization: Localization,
  ): Promise<void> {
    if (progress === null || client === null) return;
    const { translate, text } = localization;
    const fromPhase = kind === 'retry' ? (error?.retryOptions?.fromPhase ?? null) : null;
    if (!fire(this.#host, `ingestion-${kind}`, { progress, fromPhase })) return;
    const pending: CommandStatus = { kind, error: null };
    this.#ingestionKey = ingestionKeyOf(progress);
    this.#setStatus(pending);
    const result =
      kind === 'retry' ? client.retryIngestion(fromPhase ?? undefined) : client.cancelIngestion();
    const message = await result.then(
      (outcome) => commandErrorOf(outcome, localization),
      (failure: unknown) =>
        translate('commandFailed', {
          reason: text(failure instanceof Error ? failure.message : String(failure), MAX_REASON),
        }),
    );
    if (message === null || this.#status !== pending) return;
    // Without a reason, the sentence ends before its colon.
    this.#setStatus({ kind, error: message.replace(/[\s:：]+$/, '') });
  }

  #setStatus(status: CommandStatus): void {
    this.#status = status;
    this.#host.requestUpdate();
  }
}

/** Null if the job accepted: the effect then shows in the ingestion's state. */
function commandErrorOf(
  { status, reason }: CommandOutcome,
  { translate, text }: Localization,
): string | null {
  if (status === 'ACCEPTED') return null;
  return status === 'NO_RECEIVER'
    ? translate('commandNoReceiver')
    : translate('commandRejected', { reason: text(reason ?? '', MAX_REASON) });
}

function ingestionKeyOf(progress: Progress | null): string {
  return progress === null ? '' : `${progress.id} ${progress.status}`;
}
