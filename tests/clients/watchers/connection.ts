/** A stock graphql-ws client that comes back: with a fresh token when the old one expired, with patience otherwise. */
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';

export interface ConnectionOptions {
  /** Such as `https://progress.example.com/graphql`. */
  readonly endpoint: string;
  /** Asked before each connection, so let it return a token that is still good. */
  readonly getToken: () => Promise<string>;
  /** For Node before 22, which has no WebSocket of its own: the class of the package `ws`. */
  readonly webSocketImpl?: unknown;
}

export function connect({ endpoint, getToken, webSocketImpl }: ConnectionOptions): Client {
  let failures = 0;
  let pongDeadline: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: endpoint.replace(/^http/, 'ws'),
    webSocketImpl,
    connectionParams: async () => ({ token: await getToken() }),
    connectionAckWaitTimeout: 10_000,
    // The defaults would give up where an address cannot be reached, and after five attempts.
    shouldRetry: () => true,
    retryAttempts: Infinity,
    // 1, 2, 4, 8, 16, 30, 30 … seconds, a quarter more or less; counted until data arrives, not until the acknowledgement.
    retryWait: async () => {
      const delayMs = Math.min(30_000, 1_000 * 2 ** failures) * (0.75 + Math.random() / 2);
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    },
    // A path that died says nothing: ask, and end the connection when no answer comes.
    keepAlive: 10_000,
    on: {
      message: ({ type }) => {
        if (type === 'next') failures = 0;
      },
      ping: (received) => {
        if (!received) pongDeadline = setTimeout(() => client.terminate(), 5_000);
      },
      pong: (received) => {
        if (received) clearTimeout(pongDeadline);
      },
      closed: () => clearTimeout(pongDeadline),
    },
  });
  return client;
}
