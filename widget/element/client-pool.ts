/** One client for all elements that ask for the same thing, so that they share a socket and show the same moment. */
import { createIngestionClient, type IngestionClient, type IngestionClientOptions } from '../client/index.js';

/** A share in a client; `release` gives it back, and the last one to do so disposes it. */
export interface ClientLease {
  readonly client: IngestionClient;
  release(): void;
}

/** Hands out shares. */
export interface ClientPool {
  acquire(options: IngestionClientOptions): ClientLease;
}

/** A pool of its own; `create` is what makes a client. */
export function createClientPool(
  create: (options: IngestionClientOptions) => IngestionClient = createIngestionClient,
): ClientPool {
  const shared = new Map<string, { readonly client: IngestionClient; users: number }>();
  const identities = new WeakMap<object, number>();
  let lastIdentity = 0;

  const identityOf = (value: object | undefined): number => {
    if (value === undefined) return 0;
    const known = identities.get(value);
    if (known !== undefined) return known;
    identities.set(value, (lastIdentity += 1));
    return lastIdentity;
  };
  const keyOf = (options: IngestionClientOptions): string =>
    JSON.stringify(
      Object.entries(options)
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => [name, typeof value === 'function' ? identityOf(value) : value]),
    );

  return {
    acquire: (options) => {
      const key = keyOf(options);
      let entry = shared.get(key);
      if (entry === undefined) {
        entry = { client: create(options), users: 0 };
        shared.set(key, entry);
      }
      const held = entry;
      held.users += 1;
      let isHeld = true;
      return {
        client: held.client,
        release: () => {
          if (!isHeld) return;
          isHeld = false;
          held.users -= 1;
          if (held.users > 0) return;
          shared.delete(key);
          held.client.dispose();
        },
      };
    },
  };
}

/** For elements with no provider above them. */
export const pagePool: ClientPool = createClientPool();
