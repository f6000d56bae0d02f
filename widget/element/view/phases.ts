/** The four phases below the track: icon, name, and percent or duration. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseProgress } from '../../client/index.js';
import { clampPercent } from '../job.js';
import type { MessageKey } from '../messages.js';
import { icon, type IconName } from './icons.js';
import type { ViewModel } from './view-model.js';

type Status = Lowercase<PhaseProgress['status']>;

const STATUS_TEXT: Readonly<Record<Status, MessageKey>> = {
  pending: 'phasePending',
  running: 'phaseRunning',
  completed: 'phaseDone',
  failed: 'phaseFailed',
  skipped: 'phaseSkipped',
  stopped: 'cancelled',
};
/** For an ingestion that failed or was cancelled. */
const STOPPED_STATUS_TEXT: Partial<Record<Status, MessageKey>> = {
  pending: 'phaseNotReached',
  running: 'cancelled',
};

/** The list; a skeleton of it while loading, so that the layout does not shift. */
export function phases(model: ViewModel): TemplateResult | typeof nothing {
  const { job, notice } = model;
  const { progress } = job;
  if (progress === null) return job.state === 'unknown' && notice?.tone !== 'bad' ? SKELETON : nothing;
  return html`<ol class="phases" part="phases">
    ${progress.phases.map((phase) => item(phase, model))}
  </ol>`;
}

const SKELETON = html`<div class="phases" aria-hidden="true">
  ${[1, 2, 3, 4].map(
    () =>
      html`<div class="phase">
        <span class="phase-icon">${icon('pending')}</span><span class="skeleton"></span
        ><span class="phase-detail">&nbsp;</span>
      </div>`,
  )}
</div>`;

function item(phase: PhaseProgress, model: ViewModel): TemplateResult {
  const { translate, job, text } = model;
  const status = phase.status.toLowerCase() as Status;
  const stopped =
    job.state === 'cancelled' || job.state === 'failed' ? STOPPED_STATUS_TEXT[status] : undefined;
  const iconName: IconName = stopped === 'cancelled' ? stopped : status;
  const value = stopped === undefined ? valueOf(phase, model) : null;
  const statusText = translate(stopped ?? STATUS_TEXT[status]);
  return html`<li class="phase ${status}" part="phase phase-${status}">
    <span class="phase-icon" part="phase-sign">${icon(iconName)}</span>
    <span class="phase-name" part="phase-name">${text(phase.name)}</span>
    <span class="phase-detail" part="phase-detail"
      >${value === null ? statusText : html`<span class="visually-hidden">${statusText}, </span>${value}`}</span
    >
  </li>`;
}

/** The percent while the phase runs, the duration once it is complete; null if only the status is shown. */
function valueOf({ status, percent, startedAt, completedAt }: PhaseProgress, { format }: ViewModel) {
  if (status === 'RUNNING' && percent !== null) return format.percent(clampPercent(percent) ?? 0);
  return status === 'COMPLETED' && startedAt !== null && completedAt !== null
    ? format.took(completedAt - startedAt)
    : null;
}
