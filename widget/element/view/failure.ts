/** A failure: what went wrong, its code, what to do now. */
import { html, type TemplateResult } from 'lit';
import { retryButton } from './actions.js';
import type { Scene } from './scene.js';

/** The block under the phases of a failed ingestion. */
export function failure(scene: Scene): TemplateResult {
  const { job, translate, format, text } = scene;
  const error = job.error;
  const retry = error?.retryOptions ?? null;
  const attempt =
    retry === null || retry.attempt === null || retry.maxAttempts === null
      ? null
      : translate('attemptOf', {
          attempt: format.number(retry.attempt),
          count: format.number(retry.maxAttempts),
        });
  return html`<div class="failure" part="error">
    <p class="failure-message" part="error-message">
      ${error === null ? translate('failed') : text(error.message)}
    </p>
    <p class="detail" part="error-hint">${hint(scene)}${attempt === null ? '' : ` ${attempt}.`}</p>
    <div class="failure-foot">
      ${retryButton(scene)}
      <span class="detail" part="error-code"
        >${translate('code')} <code>${error?.errorCode ?? 'UNKNOWN'}</code></span
      >
    </div>
  </div>`;
}

function hint({ job, canRetry, translate }: Scene): string {
  if (canRetry) return translate('failedCanRetry');
  return translate(job.error?.recoverable === true ? 'failedWillResume' : 'failedForGood');
}
