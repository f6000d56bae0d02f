/** Retry and Cancel, and what became of a command. The node of a button stays while its label changes. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Scene } from './scene.js';

/** Retry, where a person may; `isShort` leaves out from where. */
export function retryButton(scene: Scene, isShort = false): TemplateResult | typeof nothing {
  const { job, command, translate, format, text, canRetry, onRetry } = scene;
  if (!canRetry) return nothing;
  const isSent = command.kind === 'retry' && command.state === 'sent';
  const fromPhase = job.error?.retryOptions?.fromPhase ?? null;
  const name = fromPhase === null ? undefined : job.progress?.phases[fromPhase - 1]?.name;
  const label = isSent
    ? translate('retrying')
    : job.retryWaitMs > 0
      ? translate('retryIn', { time: format.duration(Math.ceil(job.retryWaitMs / 1000) * 1000) })
      : isShort || name === undefined || fromPhase === 1
        ? translate('retry')
        : translate('retryFrom', { phase: text(name) });
  return html`<button
    type="button"
    class="primary"
    part="button retry-button"
    ?disabled=${job.retryWaitMs > 0}
    aria-disabled=${isSent ? 'true' : nothing}
    @click=${isSent ? null : onRetry}
  >
    ${label}
  </button>`;
}

/** Cancel, where a person may. */
export function cancelButton(scene: Scene): TemplateResult | typeof nothing {
  const { job, command, translate, canCancel, onCancel } = scene;
  if (!canCancel) return nothing;
  const isSent = job.isCancelling || (command.kind === 'cancel' && command.state === 'sent');
  return html`<button
    type="button"
    part="button cancel-button"
    aria-disabled=${isSent ? 'true' : nothing}
    @click=${isSent ? null : onCancel}
  >
    ${translate(isSent ? 'cancelling' : 'cancel')}
  </button>`;
}

/** Why a command came to nothing. */
export function commandNotice({ command }: Scene): TemplateResult | typeof nothing {
  if (command.kind === 'none' || command.state !== 'failed') return nothing;
  return html`<p class="detail" part="command-notice">${command.reason}</p>`;
}
