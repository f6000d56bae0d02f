/** The whole element at its full size: lead, badge, track, phases, counts, outcome, actions. */
import { html, nothing, type TemplateResult } from 'lit';
import { cancelButton, commandNotice } from './actions.js';
import { badge } from './badge.js';
import { failure } from './failure.js';
import { lead } from './header.js';
import { metrics, resultFacts } from './metrics.js';
import { phases } from './phases.js';
import type { Scene } from './view-model.js';
import { columns, track } from './track.js';

/** The full layout. */
export function full(scene: Scene): TemplateResult {
  const { job, label } = scene;
  return html`<div class="full" .style=${columns(job.progress)}>
    <slot name="heading"
      >${label === '' ? nothing : html`<p class="heading" part="heading">${label}</p>`}</slot
    >
    <div class="head">${lead(scene)} ${badge(scene)}</div>
    <div class="picture">${track(scene)} ${phases(scene)}</div>
    ${job.state === 'failed' ? html`<slot name="error">${failure(scene)}</slot>` : nothing}
    <div class="foot">
      ${
        job.state === 'completed' || job.state === 'partial'
          ? html`<slot name="complete" @slotchange=${markFilled}>${resultFacts(scene)}</slot>`
          : html`<slot name="metrics" @slotchange=${markFilled}>${metrics(scene)}</slot>`
      }
      <div class="actions" part="actions">
        ${cancelButton(scene)}<slot name="actions" @slotchange=${markFilled}></slot>
      </div>
    </div>
    ${commandNotice(scene)}
  </div>`;
}

/** An empty slot takes no room; a filled one is marked for the styles. */
function markFilled(event: Event): void {
  const slot = event.target as HTMLSlotElement;
  slot.classList.toggle('filled', slot.assignedNodes().length > 0);
}
