/** Text of a job that may be long: the first lines of it, and the whole on demand. */
import { html, type TemplateResult } from 'lit';

/** Up to this many characters, text is short enough to stand as it is. */
const MAX_SHORT = 160;

/** Short text as it is; longer text as a disclosure, which is clamped until the user opens it. */
export function longText(words: string, maxShort = MAX_SHORT): string | TemplateResult {
  return words.length <= maxShort
    ? words
    : html`<details class="long">
        <summary><span>${words}</span></summary>
      </details>`;
}
