/** The error of a failed ingestion: its message, what to do, and its code. */
import { html, type TemplateResult } from 'lit';
import { attemptText } from '../connection-notice.js';
import { joinParts } from '../job-text.js';
import { retryButton } from './actions.js';
import { longText } from './long-text.js';
import type { ViewModel } from './view-model.js';

/** The block below the phases. */
export function failure(model: ViewModel): TemplateResult {
  const { translate, text, canRetry } = model;
  const { error } = model.job;
  const { attempt = null, maxAttempts = null } = error?.retryOptions ?? {};
  const counted = attempt === null || maxAttempts === null ? null : attemptText(attempt, maxAttempts, model);
  const hint = canRetry
    ? 'failedCanRetry'
    : error?.recoverable === true
      ? 'failedWillResume'
      : 'failedPermanently';
  return html`<div class="failure" part="error">
    <div class="failure-message" part="error-message">
      ${error === null ? translate('failed') : longText(text(error.message))}
    </div>
    <p class="detail" part="error-hint">${translate(hint)}</p>
    <div class="failure-footer">
      ${retryButton(model)}
      <span class="detail" part="error-code"
        >${joinParts(counted, translate('code'))} <code>${text(error?.errorCode ?? 'UNKNOWN')}</code></span
      >
    </div>
  </div>`;
}
