/** Shares one client among elements with equal options, so that they show the same state. */
import {
  createIngestionClient,
  keyOf,
  type IngestionClient,
  type IngestionClientOptions,
} from '../client/index.js';

/** A lease of a shared client. */
export interface ClientLease {
  readonly client: IngestionClient;
  /** Call once; the last release disposes the client. */
  release(): void;
}

const shared = new Map<string, { readonly client: IngestionClient; users: number }>();

/** Leases the page's client for these options. */
export function leaseClient(options: IngestionClientOptions): ClientLease {
  const key = keyOf(options);
  const entry = shared.get(key) ?? { client: createIngestionClient(options), users: 0 };
  shared.set(key, entry);
  entry.users += 1;
  return {
    client: entry.client,
    release() {
      entry.users -= 1;
      if (entry.users > 0) return;
      shared.delete(key);
      entry.client.dispose();
    },
  };
}
