/**
 * Vue over the client core. Vue itself is the host's.
 *
 * @example
 * ```ts
 * import { useIngestionProgress } from '@ingestion-progress/widget/vue';
 *
 * const { view, reconnect } = useIngestionProgress(() => 'project-1', { endpoint: '/graphql', follow: true });
 * // In the template: {{ view.connectionState }} {{ view.state?.progressPercent ?? 0 }}%
 * ```
 *
 * @module @ingestion-progress/widget/vue
 */
export { useIngestionProgress } from './use-ingestion-progress.js';
export type { IngestionProgressRefs, UseIngestionProgressOptions } from './use-ingestion-progress.js';
export type { IngestionView } from '../client/index.js';
export type * from '../client/types.js';
