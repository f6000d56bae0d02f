/** The full layout: header, badge, track, phases, metrics, result and actions. */
import { html, nothing, type TemplateResult } from 'lit';
import { cancelButton, commandNotice } from './actions.js';
import { badge } from './badge.js';
import { failure } from './failure.js';
import { header } from './header.js';
import { longText } from './long-text.js';
import { metrics, resultFacts } from './metrics.js';
import { isMany, phases } from './phases.js';
import { problems } from './problems.js';
import type { ViewModel } from './view-model.js';
import { columns, track } from './track.js';

/** The full layout. */
export function full(model: ViewModel): TemplateResult {
  const { job, label } = model;
  return html`<div class="full ${isMany(job.progress) ? 'many' : ''}" .style=${columns(job.progress)}>
    <slot name="heading"
      >${label === '' ? nothing : html`<div class="heading" part="heading">${longText(label)}</div>`}</slot
    >
    <div class="header-row">${header(model)} ${badge(model)}</div>
    <div class="timeline">${track(model)} ${phases(model)}</div>
    ${job.state === 'failed' ? html`<slot name="error">${failure(model)}</slot>` : nothing}
    <div class="footer">
      ${
        job.state === 'completed' || job.state === 'partial'
          ? html`<slot name="complete" @slotchange=${markFilled}>${resultFacts(model)}</slot>`
          : html`<slot name="metrics" @slotchange=${markFilled}>${metrics(model)}</slot>`
      }
      <div class="actions" part="actions">
        ${cancelButton(model)}<slot name="actions" @slotchange=${markFilled}></slot>
      </div>
    </div>
    ${problems(model)} ${commandNotice(model)}
  </div>`;
}

/** Marks a slot that has content; the styles hide empty ones. */
function markFilled(event: Event): void {
  const slot = event.target as HTMLSlotElement;
  slot.classList.toggle('filled', slot.assignedNodes().length > 0);
}
