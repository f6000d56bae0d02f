/** Gives clients with the same endpoint and the same source of tokens the same connection, without their knowing. */
import { createConnection, type Connection } from './connection.js';
import type { ConnectionOptions } from './types.js';

// Weak: a connection that no client holds any more is not kept.
const shared = new Map<string, WeakRef<Connection>>();
const identities = new WeakMap<object, number>();
let identityCount = 0;

function identityOf(value: object): number {
  const known = identities.get(value) ?? (identityCount += 1);
  identities.set(value, known);
  return known;
}

/**
 * The same text for the same options, given in the same order; a function is itself, whatever it does.
 *
 * @internal
 */
export const keyOf = (options: object): string =>
  JSON.stringify(options, (_name, value: unknown) =>
    typeof value === 'function' ? identityOf(value) : value,
  );

/** The connection of everyone with these options. */
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
