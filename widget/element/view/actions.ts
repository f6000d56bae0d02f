/** The buttons: Retry, Cancel, Reconnect, and what became of a command. The node of a button stays while its label changes. */
import { html, nothing, type TemplateResult } from 'lit';
import type { CommandKind } from '../command-controller.js';
import type { Scene } from './view-model.js';

type Drawn = TemplateResult | typeof nothing;

/** Retry, where a person may; `isShort` leaves out from where. */
export function retryButton(scene: Scene, isShort = false): Drawn {
  const { job, translate, format, text } = scene;
  if (!scene.canRetry) return nothing;
  const isSent = isUnderWay(scene, 'retry');
  const fromPhase = job.error?.retryOptions?.fromPhase ?? 1;
  const name = job.progress?.phases[fromPhase - 1]?.name;
  const label = isSent
    ? translate('retrying')
    : job.retryWaitMs > 0
      ? translate('retryIn', { time: format.countdown(job.retryWaitMs) })
      : isShort || name === undefined || fromPhase === 1
        ? translate('retry')
        : translate('retryFrom', { phase: text(name) });
  return button('retry', label, () => scene.onCommand('retry'), isSent, job.retryWaitMs > 0);
}

/** Cancel, where a person may. */
export function cancelButton(scene: Scene): Drawn {
  if (!scene.canCancel) return nothing;
  const isSent = scene.job.isCancelling || isUnderWay(scene, 'cancel');
  const label = scene.translate(isSent ? 'cancelling' : 'cancel');
  return button('cancel', label, () => scene.onCommand('cancel'), isSent);
}

/** Asks for a fresh budget of attempts, where a person can help. */
export function reconnectButton({ notice, translate, onReconnect }: Scene): Drawn {
  return notice?.hasReconnect === true ? button('reconnect', translate('reconnect'), onReconnect) : nothing;
}

/** Why a command came to nothing. */
export function commandNotice({ command }: Scene): Drawn {
  if (command === null || command.refusal === null) return nothing;
  return html`<p class="detail" part="command-notice">${command.refusal}</p>`;
}

function isUnderWay({ command }: Scene, kind: CommandKind): boolean {
  return command?.kind === kind && command.refusal === null;
}

function button(
  name: string,
  label: string,
  onClick: () => void,
  isSent = false,
  isDisabled = false,
): TemplateResult {
  return html`<button
    type="button"
    class=${name === 'retry' ? 'primary' : nothing}
    part="button ${name}-button"
    ?disabled=${isDisabled}
    aria-disabled=${isSent || nothing}
    @click=${isSent ? null : onClick}
  >
    ${label}
  </button>`;
}
