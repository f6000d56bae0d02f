/** The first thing read: the overall percent, or the sign of the state, beside one sentence. */
import { html, nothing, type TemplateResult } from 'lit';
import { jobWords, line } from '../job-text.js';
import { sign } from './icons.js';
import type { Scene } from './view-model.js';

interface Lead {
  readonly headline: string;
  readonly detail: string | null;
}

/** Percent or sign, headline, detail. */
export function lead(scene: Scene): TemplateResult {
  const { headline, detail } = leadWords(scene);
  return html`<div class="lead">
    ${percent(scene) ?? stateSign(scene)}
    <div>
      <p class="headline" part="headline" tabindex="-1">${headline}</p>
      ${detail ? html`<p class="detail" part="detail">${detail}</p>` : nothing}
    </div>
  </div>`;
}

/** The overall percent of a job under way; null where it is not known. The progress bar says the same to screen readers. */
export function percent({ job, format }: Scene): TemplateResult | null {
  const isUnderWay = job.state === 'running' || job.state === 'stalled';
  return isUnderWay && job.percent !== null
    ? html`<span class="percent" part="percent" aria-hidden="true">${format.percent(job.percent)}</span>`
    : null;
}

/** The sign of a state that has one. */
export function stateSign({ job }: Scene): TemplateResult | typeof nothing {
  const { state } = job;
  return state === 'unknown' || state === 'none' || (state === 'running' && job.percent !== null)
    ? nothing
    : html`<span part="sign">${sign(state)}</span>`;
}

/** The sentence and the line under it. */
export function leadWords(scene: Scene): Lead {
  const { job, notice, translate, format, text } = scene;
  const { state, progress, phase } = job;
  const words = phase?.message ?? phase?.name;
  const doing = words === undefined ? translate('running') : text(words);
  const elapsed =
    job.elapsedMs === null ? null : translate('elapsed', { time: format.duration(job.elapsedMs) });
  const headline = jobWords(job, scene);
  switch (state) {
    case 'unknown':
      return {
        headline: notice?.tone === 'bad' ? (notice.detail ?? notice.word) : headline,
        detail: null,
      };
    case 'none':
      return { headline, detail: translate('notIngestedHint') };
    case 'waiting': {
      const first = progress?.phases[progress.fromPhase - 1]?.name ?? '';
      return { headline, detail: translate('waitingHint', { phase: text(first) }) };
    }
    case 'running':
      return { headline: doing, detail: line(remaining(scene), elapsed) };
    case 'stalled':
      return { headline, detail: line(doing, elapsed) };
    case 'completed':
    case 'partial':
      return { headline, detail: summary(scene) };
    case 'failed':
    case 'cancelled': {
      const stopped =
        job.percent === null ? null : translate('stoppedAt', { percent: format.percent(job.percent) });
      return { headline, detail: line(stopped, elapsed) };
    }
  }
}

/** The job's own words; else a count, where there is one. */
function summary({ job, translate, format, text }: Scene): string | null {
  const result = job.progress?.result;
  if (!result) return null;
  if (result.summary !== null) return text(result.summary);
  const isPartial = result.outcome === 'PARTIAL';
  const count = isPartial ? result.itemsFailed : result.itemsProcessed;
  return count === null
    ? null
    : translate(isPartial ? 'itemsFailed' : 'itemsProcessed', { count, number: format.number(count) });
}

/** Time left, in words; null where nobody honestly knows. */
export function remaining({ job, translate, format }: Scene): string | null {
  if (job.remainingMs === null) return null;
  return job.remainingMs < 2000
    ? translate('almostDone')
    : translate('remaining', { time: format.estimate(job.remainingMs) });
}
