/** Gives clients with the same endpoint and the same source of tokens the same connection, without their knowing. */
import { createConnection, type Connection } from './connection.js';
import type { ConnectionOptions, GetToken } from './types.js';

// Weak: a connection that no client holds any more is not kept.
const shared = new Map<string, WeakRef<Connection>>();
const sources = new WeakMap<GetToken, number>();
let sourceCount = 0;

function sourceOf(getToken: GetToken): number {
  const known = sources.get(getToken) ?? (sourceCount += 1);
  sources.set(getToken, known);
  return known;
}

const NAMES: readonly (keyof ConnectionOptions)[] = [
  'endpoint',
  'wsEndpoint',
  'token',
  'transport',
  'pollIntervalMs',
  'jitter',
  'maxAttempts',
];

/** The connection of everyone with these options. */
export function sharedConnection(options: ConnectionOptions): Connection {
  const { getToken } = options;
  const key = JSON.stringify([getToken && sourceOf(getToken), ...NAMES.map((name) => options[name])]);
  const known = shared.get(key)?.deref();
  if (known !== undefined) return known;
  for (const [other, reference] of shared) if (reference.deref() === undefined) shared.delete(other);
  const connection = createConnection(options);
  shared.set(key, new WeakRef(connection));
  return connection;
}
