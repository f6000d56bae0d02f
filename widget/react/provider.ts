/** Provides connection options to the hooks below it. */
import { createContext, createElement, useMemo, type ReactElement, type ReactNode } from 'react';
import type { ConnectionOptions, IngestionConnection } from '../client/index.js';
import { useStableGetToken } from './stable-get-token.js';

/** Defaults for the options of the hooks below. */
export interface IngestionDefaults extends ConnectionOptions {
  /** A connection made by `createConnection`; without it, hooks with the same options share one automatically. */
  readonly connection?: IngestionConnection | undefined;
}

/** The context, for hosts that read it. */
export const IngestionContext = createContext<IngestionDefaults>({});

/** Properties of the provider: the defaults and the children. */
export interface IngestionProviderProps extends IngestionDefaults {
  readonly children?: ReactNode;
}

/**
 * Provides connection options to a tree of components.
 *
 * @example
 * ```tsx
 * import { IngestionProvider } from '@ingestion-progress/widget/react';
 *
 * declare function Project(props: { id: string }): null;
 *
 * export const App = () => (
 *   <IngestionProvider endpoint="https://api.example.com/graphql" getToken={getToken}>
 *     <Project id="p1" />
 *   </IngestionProvider>
 * );
 * ```
 */
export function IngestionProvider({ children, ...defaults }: IngestionProviderProps): ReactElement {
  const { connection, endpoint, wsEndpoint, token, transport } = defaults;
  const getToken = useStableGetToken(defaults.getToken);
  const { pollIntervalMs, jitter, maxAttempts } = defaults;
  const given = {
    connection,
    endpoint,
    wsEndpoint,
    token,
    getToken,
    transport,
    pollIntervalMs,
    jitter,
    maxAttempts,
  };
  const value = useMemo<IngestionDefaults>(() => given, Object.values(given));
  return createElement(IngestionContext.Provider, { value }, children);
}
