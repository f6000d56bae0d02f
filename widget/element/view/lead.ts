/** The first thing read: the overall percent, or the sign of the end, beside one sentence. */
import { html, nothing, type TemplateResult } from 'lit';
import { sign, type Sign } from './icons.js';
import { firstPhaseName, line, type Scene } from './scene.js';

interface Lead {
  readonly headline: string;
  readonly detail: string;
}

const END_SIGNS: Partial<Record<Scene['job']['state'], Sign>> = {
  completed: 'done',
  partial: 'partial',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** Percent or sign, headline, detail. */
export function lead(scene: Scene): TemplateResult {
  const { headline, detail } = leadWords(scene);
  return html`<div class="lead">
    ${figure(scene)}
    <div class="summary">
      <p class="headline" part="headline" tabindex="-1">${headline}</p>
      ${detail === '' ? nothing : html`<p class="detail" part="detail">${detail}</p>`}
    </div>
  </div>`;
}

function figure({ job, isSettling, format }: Scene): TemplateResult | typeof nothing {
  const end = isSettling ? undefined : END_SIGNS[job.state];
  if (end !== undefined) return html`<span class="outcome ${end}" part="sign">${sign(end)}</span>`;
  const isUnderWay = job.state === 'running' || job.state === 'stalled' || isSettling;
  if (!isUnderWay || job.percent === null) return nothing;
  // the progress bar says the same to screen readers
  return html`<span class="percent" part="percent" aria-hidden="true">${format.percent(job.percent)}</span>`;
}

/** The sentence and the line under it. */
export function leadWords(scene: Scene): Lead {
  const { job, notice, translate, format, text, isSettling } = scene;
  const { progress, phase } = job;
  const elapsed =
    job.elapsedMs === null ? null : translate('elapsed', { time: format.duration(job.elapsedMs) });
  const stopped =
    job.percent === null ? null : translate('stoppedAt', { percent: format.percent(job.percent) });
  const words = phase?.message ?? phase?.name;
  const doing = words === undefined ? translate('running') : text(words);
  if (isSettling) return { headline: doing, detail: elapsed ?? '' };
  switch (job.state) {
    case 'unknown':
      return notice?.tone === 'bad'
        ? { headline: notice.detail ?? notice.word, detail: '' }
        : { headline: translate('loading'), detail: '' };
    case 'none':
      return { headline: translate('notIngested'), detail: translate('notIngestedHint') };
    case 'waiting':
      return {
        headline: translate('waiting'),
        detail: progress === null ? '' : translate('waitingHint', { phase: text(firstPhaseName(progress)) }),
      };
    case 'running':
      return { headline: doing, detail: line(remaining(scene), elapsed) };
    case 'stalled':
      return {
        headline: translate('stalled', { age: format.duration(job.quietMs ?? 0) }),
        detail: line(doing, elapsed),
      };
    case 'completed':
      return { headline: translate('completed'), detail: summary(scene) };
    case 'partial':
      return { headline: translate('completedPartly'), detail: summary(scene) };
    case 'failed':
      return {
        headline: phase === null ? translate('failed') : translate('failedIn', { phase: text(phase.name) }),
        detail: line(stopped, elapsed),
      };
    case 'cancelled':
      return { headline: translate('cancelled'), detail: line(stopped, elapsed) };
  }
}

/** The job's own words; else a count, where there is one. */
function summary({ job, translate, format, text }: Scene): string {
  const result = job.progress?.result ?? null;
  if (result === null) return '';
  if (result.summary !== null) return text(result.summary);
  const [key, count] =
    result.outcome === 'PARTIAL'
      ? (['itemsFailed', result.itemsFailed] as const)
      : (['itemsProcessed', result.itemsProcessed] as const);
  return count === null ? '' : translate(key, { count, number: format.number(count) });
}

/** Time left, in words; null where nobody honestly knows. */
export function remaining({ job, translate, format }: Scene): string | null {
  if (job.remainingMs === null) return null;
  return job.remainingMs < 2000
    ? translate('almostDone')
    : translate('remaining', { time: format.estimate(job.remainingMs) });
}
