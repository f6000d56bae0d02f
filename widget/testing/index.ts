/**
 * Scripted clients and transports for the tests and stories of host applications.
 *
 * @example
 * ```ts
 * import { createScriptedClient } from '@ingestion-progress/widget/testing';
 *
 * const client = createScriptedClient({ connection: { state: 'offline' } });
 * client.show({ connection: { state: 'connected' } });
 * ```
 *
 * @module @ingestion-progress/widget/testing
 */
export * from './scripted-client.js';
export * from './scripted-transport.js';
