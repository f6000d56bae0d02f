/**
 * React over the client core. React itself is the host's.
 *
 * @example
 * ```tsx
 * import { IngestionProvider, useIngestionSocket } from '@ingestion-progress/widget/react';
 *
 * function Project({ id }: { id: string }) {
 *   const { state, connectionState, reconnect } = useIngestionSocket(id, { follow: true });
 *   if (connectionState === 'disconnected') return <button onClick={reconnect}>Reconnect</button>;
 *   return <p>{state === null ? 'Waiting' : `${state.progressPercent ?? 0}%`}</p>;
 * }
 *
 * export const App = () => (
 *   <IngestionProvider endpoint="https://api.example.com/graphql" token="…">
 *     <Project id="project-1" />
 *   </IngestionProvider>
 * );
 * ```
 *
 * @module @ingestion-progress/widget/react
 */
export { IngestionProgress } from './ingestion-progress.js';
export type { IngestionProgressProps } from './ingestion-progress.js';
export { IngestionContext, IngestionProvider } from './provider.js';
export type { IngestionDefaults, IngestionProviderProps } from './provider.js';
export { useIngestionSocket } from './use-ingestion-socket.js';
export type { IngestionSocket, UseIngestionSocketOptions } from './use-ingestion-socket.js';
export type * from '../client/types.js';
