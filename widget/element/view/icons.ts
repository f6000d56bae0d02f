/** Icons: one shape for each state, so that no state is shown by colour alone. Decorative; there is always text beside them. */
import { html, type TemplateResult } from 'lit';
import type { PhaseProgress } from '../../client/index.js';
import type { JobState } from '../job.js';

/** Name of an icon: the state of a job or of a phase. */
export type IconName = Exclude<JobState, 'unknown' | 'none'> | Lowercase<PhaseProgress['status']>;

const CHECK = 'm5 8.3 2.1 2.1L11.2 6';

/** Paths drawn into the circle; the styles fill it. */
const PATHS: Readonly<Record<IconName, string>> = {
  completed: CHECK,
  running: 'M8 8h0',
  pending: '',
  waiting: '',
  failed: 'm5.6 5.6 4.8 4.8m0-4.8-4.8 4.8',
  skipped: 'M5.5 8h5',
  stopped: 'm4 12 8-8',
  partial: CHECK,
  cancelled: 'm4 12 8-8',
  paused: 'M6.4 5.8v4.4m3.2-4.4v4.4',
  stalled: 'M8 4.8V8l2 1.6',
};

/** An icon, as large as its text. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon ${name}" viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="6" />
    <path d=${PATHS[name]} />
    <circle class="alert" cx="12.6" cy="12.6" r="3.2" />
  </svg>`;
}
