/** The signs: one shape for each state, so that no state is told by colour alone. Decorative; words stand beside them. */
import { html, type TemplateResult } from 'lit';
import type { PhaseProgress } from '../../client/index.js';
import type { JobState } from '../job.js';

/** Which sign: of a job's state, or of a phase's. */
export type Sign = Exclude<JobState, 'unknown' | 'none'> | Lowercase<PhaseProgress['status']>;

const CHECK = 'm5 8.3 2.1 2.1L11.2 6';

/** What is drawn into the circle; the styles say which circles are full. */
const MARKS: Readonly<Record<Sign, string>> = {
  completed: CHECK,
  running: 'M8 8h0',
  pending: '',
  waiting: '',
  failed: 'm5.6 5.6 4.8 4.8m0-4.8-4.8 4.8',
  skipped: 'M5.5 8h5',
  partial: CHECK,
  cancelled: 'm4 12 8-8',
  stalled: 'M8 4.8V8l2 1.6',
};

/** A sign at the size of its text. */
export function sign(name: Sign): TemplateResult {
  return html`<svg class="sign ${name}" viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="6" />
    <path d=${MARKS[name]} />
    <circle class="alert" cx="12.6" cy="12.6" r="3.2" />
  </svg>`;
}
