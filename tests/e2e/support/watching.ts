/** Watches a server in another process with the stock graphql-ws client, and queries it once. */
import {
  ReadProgressDocument,
  WatchProgressDocument,
  type ReadProgressQuery,
  type WatchProgressSubscription,
} from '@ingestion-progress/schema/operations';
import { createClient } from 'graphql-ws';
import jwt from 'jsonwebtoken';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { SECRET } from './demo-process.js';

export const PROJECT = 'folder-ingestion';

/** A token with every scope for every project. */
export const token = jwt.sign(
  { projects: '*', scope: 'progress:read progress:write ingestion:control' },
  SECRET,
  {
    subject: 'tester',
    expiresIn: '1h',
  },
);

export type WatchedEvent = WatchProgressSubscription['ingestionProgress'];

export interface Watching {
  readonly events: readonly WatchedEvent[];
  /** Resolves with the first event that matches, received already or later. */
  until(matches: (event: WatchedEvent) => boolean): Promise<WatchedEvent>;
}

/** Watches the demo's project and all of its ingestions. */
export function watch(url: string): Watching {
  const events: WatchedEvent[] = [];
  const listeners = new Set<() => void>();
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
  });
  const unsubscribe = client.subscribe<WatchProgressSubscription>(
    {
      query: WatchProgressDocument.toString(),
      variables: { projectId: PROJECT, ingestionId: null, follow: true },
    },
    {
      next: ({ data }) => {
        if (data) events.push(data.ingestionProgress);
        for (const listener of listeners) listener();
      },
      error: () => {},
      complete: () => {},
    },
  );
  onTestFinished(async () => {
    unsubscribe();
    await client.dispose();
  });
  return {
    events,
    until: (matches) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          const last = JSON.stringify(events.at(-1));
          reject(new Error(`None of ${events.length} events matches; the last: ${last}`));
        }, 60_000);
        const check = (): void => {
          const found = events.find(matches);
          if (found === undefined) return;
          clearTimeout(timer);
          listeners.delete(check);
          resolve(found);
        };
        listeners.add(check);
        check();
      }),
  };
}

/** Reads the state with the `progress` query. */
export async function query(url: string): Promise<ReadProgressQuery['progress']> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: ReadProgressDocument.toString(), variables: { projectId: PROJECT } }),
  });
  const { data } = (await response.json()) as { data: ReadProgressQuery };
  return data.progress;
}

/** Reads the state with REST. */
export async function rest(url: string): Promise<unknown> {
  const response = await fetch(`${url}/api/projects/${PROJECT}/progress`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return response.json();
}
