/** Shares one connection among clients that have the same endpoint and the same source of tokens. */
import { createConnection, type Connection } from './connection.js';
import type { ConnectionOptions } from './types.js';

// Weak, so that a connection without clients can be collected.
const shared = new Map<string, WeakRef<Connection>>();
const identities = new WeakMap<object, number>();
let identityCount = 0;

function identityOf(value: object): number {
  const known = identities.get(value) ?? (identityCount += 1);
  identities.set(value, known);
  return known;
}

/**
 * A cache key: equal for equal options in the same order. Functions are compared by identity.
 *
 * @internal
 */
export const keyOf = (options: object): string =>
  JSON.stringify(options, (_name, value: unknown) =>
    typeof value === 'function' ? identityOf(value) : value,
  );

/** The connection that all clients with these options share. */
export function sharedConnection(options: ConnectionOptions): Connection {
  const { endpoint, wsEndpoint, token, getToken, transport, pollIntervalMs, jitter, maxAttempts } = options;
  const key = keyOf({
    endpoint,
    wsEndpoint,
    token,
    getToken,
    transport,
    pollIntervalMs,
    jitter,
    maxAttempts,
  });
  const known = shared.get(key)?.deref();
  if (known !== undefined) return known;
  for (const [other, reference] of shared) if (reference.deref() === undefined) shared.delete(other);
  const connection = createConnection(options);
  shared.set(key, new WeakRef(connection));
  return connection;
}
