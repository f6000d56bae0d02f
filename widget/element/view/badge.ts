/** The connection badge: a dot and a label in the corner, hidden while the connection is fine. Never about the job. */
import { html, nothing, type TemplateResult } from 'lit';
import { reconnectButton } from './actions.js';
import type { ViewModel } from './view-model.js';

/** The badge with its detail and the Reconnect button; `isCompact` moves the detail to a tooltip. */
export function badge(model: ViewModel, isCompact = false): TemplateResult | typeof nothing {
  const { notice, job } = model;
  if (notice === null) return nothing;
  // if nothing is known about the job, the header already shows the detail
  const isInHeader = job.state === 'unknown' && notice.tone === 'bad';
  const { tone, label, detail } = notice;
  return html`<div
    class="badge ${tone}"
    part="badge badge-${tone}"
    title=${(isCompact ? detail : null) ?? nothing}
  >
    <div class="badge-words">
      <span class="badge-line"
        ><span class="dot" part="badge-dot"></span
        ><span class="badge-word" part="badge-word">${label}</span></span
      >
      ${
        isCompact || isInHeader || detail === null
          ? nothing
          : html`<span class="badge-detail" part="badge-detail">${detail}</span>`
      }
    </div>
    ${reconnectButton(model)}
  </div>`;
}
