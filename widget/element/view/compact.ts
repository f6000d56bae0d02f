/** The element on one line of 24 px, for a row of a table: track, percent, time left, dot. */
import { html, type TemplateResult } from 'lit';
import { cancelButton, retryButton } from './actions.js';
import { badge } from './badge.js';
import { leadWords, percent, remaining, stateSign } from './header.js';
import type { Scene } from './view-model.js';
import { columns, track } from './track.js';

/** The one-line layout. */
export function compact(scene: Scene): TemplateResult {
  const { job } = scene;
  const isCounting = job.state === 'running' && job.percent !== null;
  const words = scene.command?.refusal ?? (isCounting ? remaining(scene) : leadWords(scene).headline);
  return html`<div class="compact" .style=${columns(job.progress)}>
    ${track(scene)} ${percent(scene)} ${stateSign(scene)}
    <span class="compact-words" part="headline" tabindex="-1" title=${words}>${words}</span>
    ${badge(scene, true)} ${retryButton(scene, true)} ${cancelButton(scene)}
    <slot name="actions"></slot>
  </div>`;
}
