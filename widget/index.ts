/**
 * Classes, events, languages and types of the elements, without registering them: `./define` does that.
 *
 * @example
 * import { IngestionProgressElement } from '@ingestion-progress/widget';
 * customElements.define('my-progress', class extends IngestionProgressElement {});
 *
 * @module @ingestion-progress/widget
 */
export { IngestionProgressElement } from './element/ingestion-progress-element.js';
export { IngestionProviderElement } from './element/ingestion-provider-element.js';
export { allowTokenTo } from './element/token-url.js';
export { registerMessages, type Message, type Messages, type PluralForms } from './element/messages.js';
export type { PartialMessages } from './element/translator.js';
export { en } from './element/locales/en.js';
export type {
  CommandDetail,
  ConnectionChangeDetail,
  IngestionProgressEventMap,
  IngestionProgressEventName,
  ProblemsOpenDetail,
} from './element/element-events.js';
export type {
  Connection,
  ConnectionError,
  ConnectionState,
  GetToken,
  IngestionClient,
  IngestionClientEvents,
  IngestionClientOptions,
  IngestionError,
  IngestionResult,
  PhaseMetrics,
  PhaseProgress,
  Progress,
  Snapshot,
  TransportChoice,
} from './client/index.js';
