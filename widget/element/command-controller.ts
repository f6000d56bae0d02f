/** Retry and Cancel as a person gives them: the cancelable event first, then the mutation, then what became of it. */
import type { CommandOutcome, IngestionClient, Progress } from '../client/index.js';
import { fire } from './element-events.js';
import type { Job } from './job.js';
import type { Translate } from './translator.js';

/** What a person can ask for. */
export type CommandKind = 'retry' | 'cancel';

/** A command that a person gave, and how it fares. */
export interface CommandStatus {
  readonly kind: CommandKind;
  /** Why it came to nothing; null while it is under way. */
  readonly refusal: string | null;
}

/** What commands need of their element. */
export interface CommandHost extends EventTarget {
  requestUpdate(): void;
}

/** Follows the one command at hand. */
export class Commands {
  readonly #host: CommandHost;
  #status: CommandStatus | null = null;
  #subject = '';

  constructor(host: CommandHost) {
    this.#host = host;
  }

  /** How the command fares; forgotten as soon as the ingestion is in another state than the one it was about. */
  statusFor({ progress }: Job): CommandStatus | null {
    if (subjectOf(progress) !== this.#subject) this.#status = null;
    return this.#status;
  }

  /** Asks the page, then the job. */
  async give(
    kind: CommandKind,
    { progress, error }: Job,
    client: IngestionClient | null,
    say: Translate,
  ): Promise<void> {
    if (progress === null || client === null) return;
    const fromPhase = kind === 'retry' ? (error?.retryOptions?.fromPhase ?? null) : null;
    if (!fire(this.#host, `ingestion-${kind}`, { progress, fromPhase })) return;
    const sent: CommandStatus = { kind, refusal: null };
    this.#subject = subjectOf(progress);
    this.#show(sent);
    const answer =
      kind === 'retry' ? client.retryIngestion(fromPhase ?? undefined) : client.cancelIngestion();
    const refusal = await answer.then(
      (outcome) => refusalOf(outcome, say),
      (failure: unknown) =>
        say('commandFailed', { reason: failure instanceof Error ? failure.message : String(failure) }),
    );
    if (refusal === null || this.#status !== sent) return;
    // Where no reason is given, the sentence ends before the colon that leads to it.
    this.#show({ kind, refusal: refusal.replace(/[\s:：]+$/, '') });
  }

  #show(status: CommandStatus): void {
    this.#status = status;
    this.#host.requestUpdate();
  }
}

/** Null where the job does it: then the state itself will tell. */
function refusalOf({ status, reason }: CommandOutcome, say: Translate): string | null {
  if (status === 'ACCEPTED') return null;
  return status === 'UNHEARD' ? say('commandUnheard') : say('commandRejected', { reason: reason ?? '' });
}

function subjectOf(progress: Progress | null): string {
  return progress === null ? '' : `${progress.id} ${progress.status}`;
}
