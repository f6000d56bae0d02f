/**
 * Registers `<ingestion-provider>` and `<ingestion-progress>`, unless the names are already taken, so that loading twice does no
 * harm. Without custom elements, as in Node, it does nothing.
 *
 * @example
 * import '@ingestion-progress/widget/define';
 */
import { IngestionProgressElement } from './element/ingestion-progress-element.js';
import { IngestionProviderElement } from './element/ingestion-provider-element.js';
import type { IngestionProgressEventMap } from './element/element-events.js';
import { warnOnce } from './element/warnings.js';
import { PROVIDER_TAG } from './element/provider-request.js';

export * from './index.js';

function define(tag: string, element: CustomElementConstructor): void {
  if (typeof window === 'undefined') return;
  const known = customElements.get(tag);
  if (known === undefined) customElements.define(tag, element);
  else if (!('wsEndpoint' in known.prototype))
    warnOnce(`Another script has defined <${tag}>, so this one is not used.`);
}

define(PROVIDER_TAG, IngestionProviderElement); // first, so that the elements below find it
define('ingestion-progress', IngestionProgressElement);

declare global {
  interface HTMLElementTagNameMap {
    'ingestion-progress': IngestionProgressElement;
    'ingestion-provider': IngestionProviderElement;
  }
  interface HTMLElementEventMap {
    'ingestion-phase-started': IngestionProgressEventMap['ingestion-phase-started'];
    'ingestion-progress': IngestionProgressEventMap['ingestion-progress'];
    'ingestion-complete': IngestionProgressEventMap['ingestion-complete'];
    'ingestion-error': IngestionProgressEventMap['ingestion-error'];
    'ingestion-cancelled': IngestionProgressEventMap['ingestion-cancelled'];
    'ingestion-connection-change': IngestionProgressEventMap['ingestion-connection-change'];
    'ingestion-retry': IngestionProgressEventMap['ingestion-retry'];
    'ingestion-cancel': IngestionProgressEventMap['ingestion-cancel'];
    'ingestion-problems-open': IngestionProgressEventMap['ingestion-problems-open'];
  }
}
