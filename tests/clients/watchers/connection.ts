/** A stock graphql-ws client that reconnects: with a new token if the old one expired, otherwise with backoff. */
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';

export interface ConnectionOptions {
  /** For example `https://progress.example.com/graphql`. */
  readonly endpoint: string;
  /** Called before each connection; must return a valid token. */
  readonly getToken: () => Promise<string>;
  /** Before Node 22, which has no global WebSocket: the class of the package `ws`. */
  readonly webSocketImpl?: unknown;
}

export function connect({ endpoint, getToken, webSocketImpl }: ConnectionOptions): Client {
  let failures = 0;
  let pongTimeout: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: endpoint.replace(/^http/, 'ws'),
    webSocketImpl,
    connectionParams: async () => ({ token: await getToken() }),
    connectionAckWaitTimeout: 10_000,
    // By default, the client gives up if the address can't be reached, and after five attempts.
    shouldRetry: () => true,
    retryAttempts: Infinity,
    // 1, 2, 4, 8, 16, 30, 30 … seconds with 25% jitter; reset when data arrives, not on the acknowledgement.
    retryWait: async () => {
      const delayMs = Math.min(30_000, 1_000 * 2 ** failures) * (0.75 + Math.random() / 2);
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    },
    // A dead path sends no close: ping, and terminate the connection if no pong arrives.
    keepAlive: 10_000,
    on: {
      message: ({ type }) => {
        if (type === 'next') failures = 0;
      },
      ping: (received) => {
        if (!received) pongTimeout = setTimeout(() => client.terminate(), 5_000);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimeout);
      },
      closed: () => clearTimeout(pongTimeout),
    },
  });
  return client;
}
