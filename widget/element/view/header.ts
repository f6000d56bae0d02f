/** The header: the overall percent or the icon of the state, and the headline. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Job } from '../job.js';
import { MAX_NAME, jobAttempt, jobText, joinParts } from '../job-text.js';
import { icon } from './icons.js';
import { longText } from './long-text.js';
import type { ViewModel } from './view-model.js';

interface HeaderText {
  readonly headline: string;
  readonly detail: string | null;
}

/** Percent or icon, headline, detail. */
export function header(model: ViewModel): TemplateResult {
  const { headline, detail } = headerText(model);
  return html`<div class="header">
    ${percent(model) ?? stateIcon(model)}
    <div>
      <div class="headline" part="headline" tabindex="-1">${longText(headline)}</div>
      ${detail ? html`<div class="detail" part="detail">${longText(detail)}</div>` : nothing}
    </div>
  </div>`;
}

/** The overall percent of a running job; null if unknown. Hidden from screen readers, which read the progress bar. */
export function percent({ job, format }: ViewModel): TemplateResult | null {
  const isActive = job.state === 'running' || job.state === 'paused' || job.state === 'stalled';
  return isActive && job.percent !== null
    ? html`<span class="percent" part="percent" aria-hidden="true">${format.percent(job.percent)}</span>`
    : null;
}

/** The icon of the state, if it has one. */
export function stateIcon({ job }: ViewModel): TemplateResult | typeof nothing {
  const { state } = job;
  return state === 'unknown' || state === 'none' || (state === 'running' && job.percent !== null)
    ? nothing
    : html`<span part="sign">${icon(state)}</span>`;
}

/** The headline and the line under it. */
export function headerText(model: ViewModel): HeaderText {
  const { job, notice, translate, format, text } = model;
  const { state, progress, phase } = job;
  const phaseName = phase?.message ?? phase?.name;
  const activity = phaseName === undefined ? translate('running') : text(phaseName);
  const elapsed =
    job.elapsedMs === null ? null : translate('elapsed', { time: format.duration(job.elapsedMs) });
  const headline = jobText(job, model);
  const attempt = jobAttempt(job, model);
  switch (state) {
    case 'unknown':
      return {
        headline: notice?.tone === 'bad' ? (notice.detail ?? notice.label) : headline,
        detail: null,
      };
    case 'none':
      return { headline, detail: translate('notIngestedHint') };
    case 'waiting': {
      if (progress?.waiting) return { headline, detail: joinParts(attempt, elapsed) };
      const first = progress?.phases[progress.fromPhase - 1]?.name ?? '';
      return { headline, detail: translate('waitingHint', { phase: text(first, MAX_NAME) }) };
    }
    case 'running':
      return { headline: activity, detail: joinParts(remaining(model), elapsed, attempt) };
    case 'paused':
      return { headline, detail: joinParts(text(progress?.pause?.reason ?? ''), elapsed, attempt) };
    case 'stalled':
      return { headline, detail: joinParts(activity, elapsed, attempt) };
    case 'completed':
    case 'partial':
      return { headline, detail: summary(model) };
    case 'failed':
    case 'cancelled': {
      const stopped =
        job.percent === null ? null : translate('stoppedAt', { percent: format.percent(job.percent) });
      const retrying = isRetrying(job)
        ? translate('retryingIn', { attempt: attempt ?? '', time: format.countdown(job.retryWaitMs) })
        : null;
      return retrying === null
        ? { headline, detail: joinParts(stopped, elapsed) }
        : { headline: retrying, detail: joinParts(headline, stopped, elapsed) };
    }
  }
}

/** Whether the job itself will try again, and said when. */
export function isRetrying({ error, retryWaitMs }: Job): boolean {
  return error?.recoverable === true && retryWaitMs > 0;
}

/** The job's summary, else a count if there is one. */
function summary({ job, translate, format, text }: ViewModel): string | null {
  const result = job.progress?.result;
  if (!result) return null;
  if (result.summary !== null) return text(result.summary);
  const isPartial = result.outcome === 'PARTIAL';
  const count = isPartial ? result.itemsFailed : result.itemsProcessed;
  return count === null
    ? null
    : translate(isPartial ? 'itemsFailed' : 'itemsProcessed', { count, number: format.number(count) });
}

/** Remaining time in words, or that the work does not move, so that no estimate holds; null if unknown. */
export function remaining({ job, eta, translate, format }: ViewModel): string | null {
  if (job.noProgressMs !== null) return translate('noProgress', { age: format.duration(job.noProgressMs) });
  switch (eta?.kind) {
    case undefined:
      return null;
    case 'moments':
      return translate('almostDone');
    case 'about':
      return translate('remaining', { time: format.amount(eta.value, eta.unit) });
    case 'range':
      return translate('remainingRange', {
        from: format.number(eta.from),
        time: format.amount(eta.to, eta.unit),
      });
  }
}
