/** The phases below the track: icon, name, and percent or duration. A single phase has no list: the header says it all. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseProgress, Progress } from '../../client/index.js';
import { clampPercent } from '../job.js';
import type { MessageKey } from '../messages.js';
import { icon } from './icons.js';
import { longText } from './long-text.js';
import type { ViewModel } from './view-model.js';

type Status = Lowercase<PhaseProgress['status']>;

const STATUS_TEXT: Readonly<Record<Status, MessageKey>> = {
  pending: 'phasePending',
  running: 'phaseRunning',
  completed: 'phaseDone',
  failed: 'phaseFailed',
  skipped: 'phaseSkipped',
  stopped: 'phaseStopped',
};
/** Up to so many phases stand below their segments; more are a list, in as many columns as there is room for. */
const MAX_ALIGNED = 4;
/** Characters of a name that fit into one line of the list. */
const MAX_LISTED_NAME = 24;

/** Whether there are more phases than can stand below their segments. */
export function isMany(progress: Progress | null): boolean {
  return (progress?.phases.length ?? 0) > MAX_ALIGNED;
}

/** The list; a skeleton of it while loading, so that the layout does not shift. */
export function phases(model: ViewModel): TemplateResult | typeof nothing {
  const { job, notice } = model;
  const { progress } = job;
  if (progress?.phases.length === 1) return nothing;
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
  const isUnreached = status === 'pending' && (job.state === 'cancelled' || job.state === 'failed');
  const value = valueOf(phase, model);
  const statusText = translate(isUnreached ? 'phaseNotReached' : STATUS_TEXT[status]);
  const maxName = isMany(job.progress) ? MAX_LISTED_NAME : undefined;
  return html`<li class="phase ${status}" part="phase phase-${status}">
    <span class="phase-icon" part="phase-sign">${icon(status)}</span>
    <span class="phase-name" part="phase-name">${longText(text(phase.name), maxName)}</span>
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
