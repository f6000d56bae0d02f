/** Starts an HTTP server on loopback, and verifies the peers' tokens. */
import type { Server } from 'node:http';
import jwt from 'jsonwebtoken';
import { BENCH_SECRET } from '../workload.js';

/** Listens; 0 chooses a free port. Resolves to the port. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // For every subject, a mass reconnect waits in the backlog instead of being refused.
    server.listen({ port, host: '127.0.0.1', backlog: 4_096 }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

/** True for a token of the benches. */
export function isValid(token: unknown): boolean {
  if (typeof token !== 'string') return false;
  try {
    jwt.verify(token, BENCH_SECRET, { algorithms: ['HS256'] });
    return true;
  } catch (cause) {
    if (cause instanceof jwt.JsonWebTokenError) return false;
    throw cause;
  }
}
