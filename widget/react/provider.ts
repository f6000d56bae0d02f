/** Gives the hooks below it what they have in common: endpoint, token, transport. Knows no project. */
import { createContext, createElement, useMemo, type ReactElement, type ReactNode } from 'react';
import type { ConnectionOptions, IngestionConnection } from '../client/index.js';
import { useStableGetToken } from './stable-get-token.js';

/** What hooks take from above where their own options do not say it. */
export interface IngestionDefaults extends ConnectionOptions {
  /** One made by `createConnection`; else hooks with the same options share one by themselves. */
  readonly connection?: IngestionConnection | undefined;
}

/** The context itself, for hosts that read it. */
export const IngestionContext = createContext<IngestionDefaults>({});

/** Properties of the provider: the defaults, and what stands below it. */
export interface IngestionProviderProps extends IngestionDefaults {
  readonly children?: ReactNode;
}

/**
 * Puts connection options above a tree of components.
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
  const value = useMemo<IngestionDefaults>(
    () => ({
      connection,
      endpoint,
      wsEndpoint,
      token,
      getToken,
      transport,
      pollIntervalMs,
      jitter,
      maxAttempts,
    }),
    [connection, endpoint, wsEndpoint, token, getToken, transport, pollIntervalMs, jitter, maxAttempts],
  );
  return createElement(IngestionContext.Provider, { value }, children);
}
