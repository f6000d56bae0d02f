/** The compact layout: one line of 24 px for table rows, with track, percent, remaining time and dot. */
import { html, type TemplateResult } from 'lit';
import { cancelButton, retryButton } from './actions.js';
import { badge } from './badge.js';
import { headerText, percent, remaining, stateIcon } from './header.js';
import type { ViewModel } from './view-model.js';
import { columns, track } from './track.js';

/** The compact layout. */
export function compact(model: ViewModel): TemplateResult {
  const { job } = model;
  const isCounting = job.state === 'running' && job.percent !== null;
  const text = model.command?.error ?? (isCounting ? remaining(model) : headerText(model).headline);
  return html`<div class="compact" .style=${columns(job.progress)}>
    ${track(model)} ${percent(model)} ${stateIcon(model)}
    <span class="compact-words" part="headline" tabindex="-1" title=${text}>${text}</span>
    ${badge(model, true)} ${retryButton(model, true)} ${cancelButton(model)}
    <slot name="actions"></slot>
  </div>`;
}
