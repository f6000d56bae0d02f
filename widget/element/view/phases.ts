/** The four phases under the track: sign, name, and how far or how long. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PhaseProgress } from '../../client/index.js';
import { clampPercent } from '../job.js';
import type { MessageKey } from '../messages.js';
import { sign, type Sign } from './icons.js';
import type { Scene } from './scene.js';

const SIGNS: Readonly<Record<PhaseProgress['status'], Sign>> = {
  PENDING: 'pending',
  RUNNING: 'running',
  COMPLETED: 'done',
  FAILED: 'failed',
  SKIPPED: 'skipped',
};

const WORDS: Readonly<Record<PhaseProgress['status'], MessageKey>> = {
  PENDING: 'phasePending',
  RUNNING: 'phaseRunning',
  COMPLETED: 'phaseDone',
  FAILED: 'phaseFailed',
  SKIPPED: 'phaseSkipped',
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
        <span class="phase-sign">${sign('pending')}</span><span class="phase-name ghost"></span
        ><span class="phase-detail">&nbsp;</span>
      </div>`,
  )}
</div>`;

function item(phase: PhaseProgress, scene: Scene): TemplateResult {
  const { translate, job, text } = scene;
  const isOver = job.state === 'cancelled' || job.state === 'failed';
  const isStopped = isOver && phase.status === 'RUNNING';
  const isUnreached = isOver && phase.status === 'PENDING';
  const word = translate(isStopped ? 'cancelled' : isUnreached ? 'phaseNotReached' : WORDS[phase.status]);
  const figure = isStopped ? null : figureOf(phase, scene);
  return html`<li
    class="phase ${phase.status.toLowerCase()}"
    part="phase phase-${phase.status.toLowerCase()}"
  >
    <span class="phase-sign" part="phase-sign">${sign(isStopped ? 'cancelled' : SIGNS[phase.status])}</span>
    <span class="phase-name" part="phase-name">${text(phase.name)}</span>
    <span class="phase-detail" part="phase-detail"
      >${figure === null ? word : html`<span class="spoken">${word}, </span>${figure}`}</span
    >
  </li>`;
}

/** A percent while it runs, a time once it is done; null where the word alone is right. */
function figureOf(phase: PhaseProgress, { format }: Scene): string | null {
  const percent = clampPercent(phase.percent);
  if (phase.status === 'RUNNING') return percent === null ? null : format.percent(percent);
  if (phase.status !== 'COMPLETED' || phase.startedAt === null || phase.completedAt === null) return null;
  return format.took(phase.completedAt - phase.startedAt);
}
