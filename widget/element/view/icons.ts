/** The signs: one shape for each state, so that no state is told by colour alone. Decorative; words stand beside them. */
import { svg, html, type TemplateResult } from 'lit';

/** Which sign. */
export type Sign = 'done' | 'running' | 'pending' | 'failed' | 'skipped' | 'partial' | 'cancelled' | 'quiet';

const SHAPES: Readonly<Record<Sign, TemplateResult>> = {
  done: svg`<circle class="solid" cx="8" cy="8" r="7"/><path class="cut" d="m5 8.3 2.1 2.1L11.2 6"/>`,
  running: svg`<circle class="line" cx="8" cy="8" r="6"/><circle class="solid" cx="8" cy="8" r="3"/>`,
  pending: svg`<circle class="line" cx="8" cy="8" r="6"/>`,
  failed: svg`<circle class="solid" cx="8" cy="8" r="7"/><path class="cut" d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8"/>`,
  skipped: svg`<circle class="line dashed" cx="8" cy="8" r="6"/><path class="line" d="M5.5 8h5"/>`,
  partial: svg`<circle class="solid" cx="8" cy="8" r="7"/><path class="cut" d="m5 8.3 2.1 2.1L11.2 6"/>
    <circle class="alert" cx="12.6" cy="12.6" r="3"/>`,
  cancelled: svg`<circle class="line" cx="8" cy="8" r="6"/><path class="line" d="m4 12 8-8"/>`,
  quiet: svg`<circle class="line" cx="8" cy="8" r="6"/><path class="line" d="M8 4.8V8l2 1.6"/>`,
};

/** A sign at the size of its text. */
export function sign(name: Sign): TemplateResult {
  return html`<svg class="sign ${name}" viewBox="0 0 16 16" aria-hidden="true">${SHAPES[name]}</svg>`;
}
