/** The error of a failed ingestion: its message, what to do, and its code. */
import { html, type TemplateResult } from 'lit';
import { jobAttempt, joinParts } from '../job-text.js';
import { retryButton } from './actions.js';
import { isRetrying } from './header.js';
import { longText } from './long-text.js';
import type { ViewModel } from './view-model.js';

/** The block below the phases. */
export function failure(model: ViewModel): TemplateResult {
  const { translate, text, canRetry } = model;
  const { error } = model.job;
  const counted = isRetrying(model.job) ? null : jobAttempt(model.job, model); // the header has it then
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
