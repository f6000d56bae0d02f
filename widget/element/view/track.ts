/** The track: four segments, each as wide as its phase's weight, each filling by itself. Also the progress bar's role. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseProgress, Progress } from '../../client/index.js';
import { clampPercent } from '../job.js';
import { cssProperties } from '../css-properties.js';
import type { Scene } from './scene.js';

const OUTLINE = [1, 2, 3, 4] as const;

/** The segmented bar. */
export function track(scene: Scene): TemplateResult {
  const { job, label, translate } = scene;
  const now = job.percent === null ? nothing : Math.floor(job.percent);
  return html`<div
    class="track"
    part="track"
    role="progressbar"
    aria-label=${label === '' ? translate('name') : label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${now}
    aria-valuetext=${valueText(scene)}
  >
    ${
      job.progress === null
        ? OUTLINE.map(() => html`<span class="segment" part="segment"></span>`)
        : job.progress.phases.map((phase) => segment(phase, scene))
    }
  </div>`;
}

/** Columns for the track and the labels under it, so that both stay aligned. */
export function columns(progress: Progress | null): string {
  const weights = progress?.phases.map(({ weight }) => weight) ?? [1, 1, 1, 1];
  return weights.map((weight) => `minmax(var(--_column-min), ${(weight * 100).toFixed(2)}fr)`).join(' ');
}

function segment(phase: PhaseProgress, { job }: Scene): TemplateResult {
  const percent = clampPercent(phase.percent);
  const isDone = phase.status === 'COMPLETED' || phase.status === 'SKIPPED';
  const isUnknown = percent === null && (phase.status === 'RUNNING' || phase.status === 'FAILED');
  const fill = isDone || isUnknown ? 100 : (percent ?? 0);
  const look = [
    'segment',
    fill === 0 ? 'empty' : '',
    phase.status.toLowerCase(),
    isUnknown ? 'unknown' : 'known',
    job.state === 'stalled' ? 'quiet' : '',
  ];
  return html`<span class=${look.join(' ')} part="segment segment-${phase.status.toLowerCase()}"
    ><span class="fill" part="fill" ${cssProperties({ '--_fill': `${fill}%` })}></span
  ></span>`;
}

/** What a screen reader says of the bar, beyond the number. */
export function valueText({ job, translate, format, text }: Scene): string {
  const { progress, phase } = job;
  switch (job.state) {
    case 'unknown':
      return translate('loading');
    case 'none':
      return translate('notIngested');
    case 'waiting':
      return translate('waiting');
    case 'completed':
      return translate('completed');
    case 'partial':
      return translate('completedPartly');
    case 'failed':
      return phase === null ? translate('failed') : translate('failedIn', { phase: text(phase.name) });
    case 'cancelled':
      return translate('cancelled');
    case 'running':
    case 'stalled': {
      if (progress === null || phase === null) return translate('running');
      const values = { phase: phase.number, count: progress.phases.length, name: text(phase.name) };
      return job.percent === null
        ? translate('phaseOf', values)
        : translate('phaseOfWithPercent', { ...values, percent: format.percent(job.percent) });
    }
  }
}
