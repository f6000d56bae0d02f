/** React over the client core. React itself is the host's. */
export { IngestionContext, IngestionProvider } from './provider.js';
export type { IngestionDefaults, IngestionProviderProps } from './provider.js';
export { useIngestionSocket } from './use-ingestion-socket.js';
export type { IngestionSocket, UseIngestionSocketOptions } from './use-ingestion-socket.js';
export type * from '../client/types.js';
