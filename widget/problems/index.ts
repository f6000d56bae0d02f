/**
 * Registers `<ingestion-problems>`, unless the name is taken: what went wrong with the items of one ingestion, as a list.
 *
 * @example
 * import '@ingestion-progress/widget/problems';
 *
 * @module @ingestion-progress/widget/problems
 */
import { IngestionProblemsElement } from './ingestion-problems-element.js';

export { IngestionProblemsElement } from './ingestion-problems-element.js';
export {
  PROBLEM_MESSAGES,
  type ProblemMessage,
  type ProblemMessageKey,
  type ProblemMessages,
} from './messages.js';
export type { GetToken } from '../client/index.js';

if (typeof window !== 'undefined' && customElements.get('ingestion-problems') === undefined) {
  customElements.define('ingestion-problems', IngestionProblemsElement);
}

declare global {
  interface HTMLElementTagNameMap {
    'ingestion-problems': IngestionProblemsElement;
  }
}
