/** The track: four segments, each as wide as its phase's weight, each filling by itself. Also the progress bar's role. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseProgress, Progress } from '../../client/index.js';
import { clampPercent } from '../job.js';
import { jobWords, phaseWords } from '../job-text.js';
import type { Scene } from './view-model.js';

/** The segmented bar. */
export function track(scene: Scene): TemplateResult {
  const { job, label, translate } = scene;
  return html`<div
    class="track"
    part="track"
    role="progressbar"
    aria-label=${label || translate('name')}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${job.percent === null ? nothing : Math.floor(job.percent)}
    aria-valuetext=${valueText(scene)}
  >
    ${
      job.progress?.phases.map(segment) ??
      [1, 2, 3, 4].map(() => html`<span class="segment" part="segment"></span>`)
    }
  </div>`;
}

/**
 * Columns for the track and the labels under it, so that both stay aligned. For the property `style`, since a strict
 * Content-Security-Policy forbids the attribute.
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
  const isUnknown = percent === null && (status === 'running' || status === 'failed');
  const fill = isDone ? 100 : (percent ?? 0);
  const look = `${status} ${fill === 0 ? 'empty' : ''} ${isUnknown ? 'unknown' : ''}`;
  return html`<span class="segment ${look}" part="segment segment-${status}"
    ><span class="fill" part="fill" .style=${`--_fill:${String(fill)}%`}></span
  ></span>`;
}

/** What a screen reader says of the bar, beyond the number. */
function valueText(scene: Scene): string {
  const { job, format } = scene;
  const phase = job.state === 'running' || job.state === 'stalled' ? phaseWords(job, scene) : null;
  if (phase === null) return jobWords(job, scene);
  return job.percent === null ? phase : `${phase}, ${format.percent(job.percent)}`;
}
