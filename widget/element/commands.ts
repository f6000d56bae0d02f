/** Retry and Cancel as a person gives them: the cancelable event first, then the mutation, then what became of it. */
import type { CommandOutcome, IngestionClient, Progress } from '../client/index.js';
import { fire } from './element-events.js';
import type { Job } from './job.js';
import type { Translate } from './translator.js';
import type { CommandStatus } from './view/scene.js';

/** What commands need of their element. */
export interface CommandHost extends EventTarget {
  requestUpdate(): void;
}

/** Follows the one command at hand. */
export class Commands {
  readonly #host: CommandHost;
  #status: CommandStatus = { kind: 'none' };
  #subject = '';
  #generation = 0;

  constructor(host: CommandHost) {
    this.#host = host;
  }

  /** How the command fares; forgotten as soon as the ingestion is in another state than the one it was about. */
  statusFor(job: Job): CommandStatus {
    if (this.#status.kind !== 'none' && subjectOf(job.progress) !== this.#subject) {
      this.#generation += 1;
      this.#status = { kind: 'none' };
    }
    return this.#status;
  }

  retry(client: IngestionClient | null, job: Job, translate: Translate): void {
    const fromPhase = job.error?.retryOptions?.fromPhase ?? null;
    this.#give('retry', job.progress, fromPhase, client, translate, (to) =>
      to.retryIngestion(fromPhase ?? undefined),
    );
  }

  cancel(client: IngestionClient | null, job: Job, translate: Translate): void {
    this.#give('cancel', job.progress, null, client, translate, (to) => to.cancelIngestion());
  }

  #give(
    kind: 'retry' | 'cancel',
    progress: Progress | null,
    fromPhase: number | null,
    client: IngestionClient | null,
    translate: Translate,
    send: (client: IngestionClient) => Promise<CommandOutcome>,
  ): void {
    if (progress === null || client === null) return;
    if (!fire(this.#host, `ingestion-${kind}`, { progress, fromPhase })) return;
    this.#generation += 1;
    const generation = this.#generation;
    this.#subject = subjectOf(progress);
    this.#status = { kind, state: 'sent' };
    this.#host.requestUpdate();
    const settle = (reason: string | null): void => {
      if (generation !== this.#generation || reason === null) return;
      this.#status = { kind, state: 'failed', reason };
      this.#host.requestUpdate();
    };
    send(client).then(
      (outcome) => {
        settle(refusal(outcome, translate));
      },
      (error: unknown) => {
        settle(
          translate('commandFailed', { reason: error instanceof Error ? error.message : String(error) }),
        );
      },
    );
  }
}

/** Null where the job does it: then the state itself will tell. */
function refusal({ status, reason }: CommandOutcome, translate: Translate): string | null {
  if (status === 'ACCEPTED') return null;
  return status === 'UNHEARD'
    ? translate('commandUnheard')
    : translate('commandRejected', { reason: reason ?? '' });
}

function subjectOf(progress: Progress | null): string {
  return progress === null ? '' : `${progress.id} ${progress.status}`;
}
