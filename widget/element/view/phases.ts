/** The four phases under the track: sign, name, and how far or how long. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseProgress } from '../../client/index.js';
import { clampPercent } from '../job.js';
import type { MessageKey } from '../messages.js';
import { sign, type Sign } from './icons.js';
import type { Scene } from './view-model.js';

type Status = Lowercase<PhaseProgress['status']>;

const WORDS: Readonly<Record<Status, MessageKey>> = {
  pending: 'phasePending',
  running: 'phaseRunning',
  completed: 'phaseDone',
  failed: 'phaseFailed',
  skipped: 'phaseSkipped',
};
/** Of a run that is over before it was done. */
const STOPPED_WORDS: Partial<Record<Status, MessageKey>> = {
  pending: 'phaseNotReached',
  running: 'cancelled',
};

/** The list; an outline of it while the first look is under way, so that nothing jumps when it comes. */
export function phases(scene: Scene): TemplateResult | typeof nothing {
  const { job, notice } = scene;
  const { progress } = job;
  if (progress === null) return job.state === 'unknown' && notice?.tone !== 'bad' ? OUTLINE : nothing;
  return html`<ol class="phases" part="phases">
    ${progress.phases.map((phase) => item(phase, scene))}
  </ol>`;
}

const OUTLINE = html`<div class="phases" aria-hidden="true">
  ${[1, 2, 3, 4].map(
    () =>
      html`<div class="phase">
        <span class="phase-sign">${sign('pending')}</span><span class="ghost"></span
        ><span class="phase-detail">&nbsp;</span>
      </div>`,
  )}
</div>`;

function item(phase: PhaseProgress, scene: Scene): TemplateResult {
  const { translate, job, text } = scene;
  const status = phase.status.toLowerCase() as Status;
  const stopped = job.state === 'cancelled' || job.state === 'failed' ? STOPPED_WORDS[status] : undefined;
  const shape: Sign = stopped === 'cancelled' ? stopped : status;
  const figure = stopped === undefined ? figureOf(phase, scene) : null;
  const word = translate(stopped ?? WORDS[status]);
  return html`<li class="phase ${status}" part="phase phase-${status}">
    <span class="phase-sign" part="phase-sign">${sign(shape)}</span>
    <span class="phase-name" part="phase-name">${text(phase.name)}</span>
    <span class="phase-detail" part="phase-detail"
      >${figure === null ? word : html`<span class="spoken">${word}, </span>${figure}`}</span
    >
  </li>`;
}

/** A percent while it runs, a time once it is done; null where the word alone is right. */
function figureOf({ status, percent, startedAt, completedAt }: PhaseProgress, { format }: Scene) {
  if (status === 'RUNNING' && percent !== null) return format.percent(clampPercent(percent) ?? 0);
  return status === 'COMPLETED' && startedAt !== null && completedAt !== null
    ? format.took(completedAt - startedAt)
    : null;
}
