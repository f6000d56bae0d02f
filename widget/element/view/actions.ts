/** The buttons Retry, Cancel and Reconnect, and the error of a command. A button keeps its node while its label changes. */
import { html, nothing, type TemplateResult } from 'lit';
import type { CommandKind } from '../command-controller.js';
import { MAX_NAME } from '../job-text.js';
import type { ViewModel } from './view-model.js';

type Rendered = TemplateResult | typeof nothing;

/** Retry, if the user may; `isCompact` omits the phase. */
export function retryButton(model: ViewModel, isCompact = false): Rendered {
  const { job, translate, format, text } = model;
  if (!model.canRetry) return nothing;
  const isPending = isCommandPending(model, 'retry');
  const fromPhase = job.error?.retryOptions?.fromPhase ?? 1;
  const name = job.progress?.phases[fromPhase - 1]?.name;
  const label = isPending
    ? translate('retrying')
    : job.retryWaitMs > 0
      ? translate('retryIn', { time: format.countdown(job.retryWaitMs) })
      : isCompact || name === undefined || fromPhase === 1
        ? translate('retry')
        : translate('retryFrom', { phase: text(name, MAX_NAME) });
  return button('retry', label, () => model.onCommand('retry'), isPending, job.retryWaitMs > 0);
}

/** Cancel, if the user may. */
export function cancelButton(model: ViewModel): Rendered {
  if (!model.canCancel) return nothing;
  const isPending = model.job.isCancelling || isCommandPending(model, 'cancel');
  const label = model.translate(isPending ? 'cancelling' : 'cancel');
  return button('cancel', label, () => model.onCommand('cancel'), isPending);
}

/** Reconnect, if that can help. */
export function reconnectButton({ notice, translate, onReconnect }: ViewModel): Rendered {
  return notice?.hasReconnect === true ? button('reconnect', translate('reconnect'), onReconnect) : nothing;
}

/** Why a command failed. */
export function commandNotice({ command }: ViewModel): Rendered {
  if (command === null || command.error === null) return nothing;
  return html`<p class="detail" part="command-notice">${command.error}</p>`;
}

function isCommandPending({ command }: ViewModel, kind: CommandKind): boolean {
  return command?.kind === kind && command.error === null;
}

function button(
  name: string,
  label: string,
  onClick: () => void,
  isPending = false,
  isDisabled = false,
): TemplateResult {
  return html`<button
    type="button"
    class=${name === 'retry' ? 'primary' : nothing}
    part="button ${name}-button"
    ?disabled=${isDisabled}
    aria-disabled=${isPending || nothing}
    @click=${isPending ? null : onClick}
  >
    ${label}
  </button>`;
}
