/** A failure: what went wrong, what to do now, its code. */
import { html, type TemplateResult } from 'lit';
import { attemptOf } from '../connection-notice.js';
import { line } from '../job-text.js';
import { retryButton } from './actions.js';
import type { Scene } from './view-model.js';

/** The block under the phases of a failed ingestion. */
export function failure(scene: Scene): TemplateResult {
  const { translate, text, canRetry } = scene;
  const { error } = scene.job;
  const { attempt = null, maxAttempts = null } = error?.retryOptions ?? {};
  const counted = attempt === null || maxAttempts === null ? null : attemptOf(attempt, maxAttempts, scene);
  const hint = canRetry
    ? 'failedCanRetry'
    : error?.recoverable === true
      ? 'failedWillResume'
      : 'failedForGood';
  return html`<div class="failure" part="error">
    <p class="failure-message" part="error-message">
      ${error === null ? translate('failed') : text(error.message)}
    </p>
    <p class="detail" part="error-hint">${translate(hint)}</p>
    <div class="failure-foot">
      ${retryButton(scene)}
      <span class="detail" part="error-code"
        >${line(counted, translate('code'))} <code>${error?.errorCode ?? 'UNKNOWN'}</code></span
      >
    </div>
  </div>`;
}
