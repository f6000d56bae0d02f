/** The connection's badge: a dot and a word in the corner, absent while all is well. Never speaks of the job. */
import { html, nothing, type TemplateResult } from 'lit';
import { reconnectButton } from './actions.js';
import type { Scene } from './view-model.js';

/** The badge with what happens next, and the button where a person can help; `isShort` leaves the words to a tooltip. */
export function badge(scene: Scene, isShort = false): TemplateResult | typeof nothing {
  const { notice, job } = scene;
  if (notice === null) return nothing;
  // with nothing known of the job, the lead already says it at length
  const isSaid = job.state === 'unknown' && notice.tone === 'bad';
  const { tone, word, detail } = notice;
  return html`<div
    class="badge ${tone}"
    part="badge badge-${tone}"
    title=${(isShort ? detail : null) ?? nothing}
  >
    <div class="badge-words">
      <span class="badge-line"
        ><span class="dot" part="badge-dot"></span
        ><span class="badge-word" part="badge-word">${word}</span></span
      >
      ${
        isShort || isSaid || detail === null
          ? nothing
          : html`<span class="badge-detail" part="badge-detail">${detail}</span>`
      }
    </div>
    ${reconnectButton(scene)}
  </div>`;
}
