/** The client core: follows ingestions without a framework and without a DOM. Safe to import on a server. */
export { createIngestionClient } from './client.js';
export { createConnection } from './connection.js';
export { createEnvironment, type Environment } from './environment.js';
export { DEFAULTS } from './options.js';
export { eventsBetween, type NamedEvent } from './progress-events.js';
export { hasEnded } from './progress-fold.js';
export type * from './types.js';
