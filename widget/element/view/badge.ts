/** The connection's badge: a dot and a word in the corner, absent while all is well. Never speaks of the job. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Scene } from './scene.js';

/** The badge with what happens next, and the button where a person can help. */
export function badge(scene: Scene): TemplateResult | typeof nothing {
  const { notice, job } = scene;
  if (notice === null) return nothing;
  // with nothing known of the job, the lead already says it at length
  const isSaid = job.state === 'unknown' && notice.tone === 'bad';
  return html`<div class="badge ${notice.tone}" part="badge badge-${notice.tone}">
    <span class="badge-line"
      ><span class="dot" part="badge-dot"></span><span part="badge-word">${notice.word}</span></span
    >
    ${
      notice.detail === null || isSaid
        ? nothing
        : html`<span class="badge-detail" part="badge-detail">${notice.detail}</span>`
    }
    ${notice.hasReconnect ? reconnectButton(scene) : nothing}
  </div>`;
}

/** Asks for a fresh budget of attempts. */
export function reconnectButton({ translate, onReconnect }: Scene): TemplateResult {
  return html`<button type="button" part="button reconnect-button" @click=${onReconnect}>
    ${translate('reconnect')}
  </button>`;
}
