/** The element on one line of 24 px, for a row of a table: track, percent, time left, dot. */
import { html, nothing, type TemplateResult } from 'lit';
import { cssProperties } from '../css-properties.js';
import { cancelButton, retryButton } from './actions.js';
import { reconnectButton } from './badge.js';
import { sign, type Sign } from './icons.js';
import { leadWords, remaining } from './lead.js';
import type { Scene } from './scene.js';
import { columns, track } from './track.js';

const SIGNS: Partial<Record<Scene['job']['state'], Sign>> = {
  completed: 'done',
  partial: 'partial',
  failed: 'failed',
  cancelled: 'cancelled',
  stalled: 'quiet',
  waiting: 'pending',
};

/** The one-line layout. */
export function compact(scene: Scene): TemplateResult {
  const { job, notice, format } = scene;
  const mark = scene.isSettling ? undefined : SIGNS[job.state];
  const isUnderWay = job.state === 'running' || job.state === 'stalled' || scene.isSettling;
  const words = job.state === 'running' || scene.isSettling ? remaining(scene) : leadWords(scene).headline;
  return html`<div class="compact" ${cssProperties({ '--_columns': columns(job.progress) })}>
    ${track(scene)}
    ${
      isUnderWay && job.percent !== null
        ? html`<span class="compact-percent" part="percent" aria-hidden="true"
            >${format.percent(job.percent)}</span
          >`
        : nothing
    }
    ${mark === undefined ? nothing : html`<span class="outcome ${mark}" part="sign">${sign(mark)}</span>`}
    ${
      words === null || words === ''
        ? nothing
        : html`<span class="compact-words" part="headline" tabindex="-1" title=${words}>${words}</span>`
    }
    ${
      notice === null
        ? nothing
        : html`<span
            class="badge ${notice.tone}"
            part="badge badge-${notice.tone}"
            title=${notice.detail ?? nothing}
            ><span class="dot" part="badge-dot"></span
            ><span class="compact-badge" part="badge-word">${notice.word}</span></span
          >`
    }
    ${notice?.hasReconnect === true ? reconnectButton(scene) : nothing} ${retryButton(scene, true)}
    ${cancelButton(scene)}
    <slot name="actions"></slot>
  </div>`;
}
