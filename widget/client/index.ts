/**
 * The client core: follows ingestions without a framework and without a DOM. Safe to import on a server.
 *
 * @example
 * ```ts
 * import { createIngestionClient } from '@ingestion-progress/widget/client';
 *
 * const client = createIngestionClient({
 *   projectId: 'project-1',
 *   endpoint: 'https://api.example.com/graphql',
 *   getToken: async ({ signal }) => (await fetch('/token', { signal })).text(),
 * });
 * const stop = client.subscribe(() => {
 *   const { connection, progress } = client.getSnapshot();
 *   console.log(connection.state, progress?.progressPercent);
 * });
 * client.on('complete', ({ result }) => console.log(result.outcome));
 * // Later: stop(); client.dispose();
 * ```
 *
 * @module @ingestion-progress/widget/client
 */
export { createIngestionClient } from './client.js';
export { createConnection } from './connection.js';
export { keyOf } from './connection-pool.js';
export { createEnvironment, type Environment } from './environment.js';
export { DEFAULTS } from './options.js';
export { eventsBetween, type NamedEvent } from './progress-events.js';
export { hasEnded } from './reduce-progress.js';
export { releaseGetToken, stableGetToken } from './stable-get-token.js';
export { OperationError } from './transport.js';
export { outsideZones } from './zones.js';
export { EMPTY_SNAPSHOT, terminalError, viewOf, type IngestionView } from './view.js';
export type * from './types.js';
