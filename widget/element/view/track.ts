/** The track: the progress bar, with one segment for each phase, as wide as the phase's weight. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseProgress, Progress } from '../../client/index.js';
import { clampPercent } from '../job.js';
import { jobText, phaseText } from '../job-text.js';
import type { ViewModel } from './view-model.js';

/** The segmented bar. */
export function track(model: ViewModel): TemplateResult {
  const { job, label, translate } = model;
  return html`<div
    class="track"
    part="track"
    role="progressbar"
    aria-label=${label || translate('name')}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${job.percent === null ? nothing : Math.floor(job.percent)}
    aria-valuetext=${valueText(model)}
  >
    ${
      job.progress?.phases.map(segment) ??
      [1, 2, 3, 4].map(() => html`<span class="segment" part="segment"></span>`)
    }
  </div>`;
}

/**
 * Grid columns for the track and the phases below it. Set through the property `style`, since a strict
 * Content-Security-Policy blocks the attribute.
 */
export function columns(progress: Progress | null): string {
  const weights = progress?.phases.map(({ weight }) => weight) ?? [1, 1, 1, 1];
  const each = weights.map((weight) => `minmax(var(--_column-min), ${(weight * 100).toFixed(2)}fr)`);
  return `--_columns:${each.join(' ')}`;
}

function segment(phase: PhaseProgress): TemplateResult {
  const status = phase.status.toLowerCase();
  const percent = clampPercent(phase.percent);
  const isDone = status === 'completed' || status === 'skipped';
  const isUnknown = percent === null && /^(running|failed|stopped)$/.test(status);
  const fill = isDone ? 100 : (percent ?? 0);
  const className = `${status} ${fill === 0 ? 'empty' : ''} ${isUnknown ? 'unknown' : ''}`;
  return html`<span class="segment ${className}" part="segment segment-${status}"
    ><span class="fill" part="fill" .style=${`--_fill:${String(fill)}%`}></span
  ></span>`;
}

/** The `aria-valuetext` of the progress bar. */
function valueText(model: ViewModel): string {
  const { job, format } = model;
  const phase = job.state === 'running' || job.state === 'stalled' ? phaseText(job, model) : null;
  if (phase === null) return jobText(job, model);
  return job.percent === null ? phase : `${phase}, ${format.percent(job.percent)}`;
}
