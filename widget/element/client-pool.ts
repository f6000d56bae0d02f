/** One client for all elements that ask for the same thing, so that they share a socket and show the same moment. */
import {
  createIngestionClient,
  keyOf,
  type IngestionClient,
  type IngestionClientOptions,
} from '../client/index.js';

/** A share in a client. */
export interface ClientLease {
  readonly client: IngestionClient;
  /** To be called once; the last to give its share back disposes the client. */
  release(): void;
}

const shared = new Map<string, { readonly client: IngestionClient; users: number }>();

/** A share in the page's client of these options. */
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
