/** The stock graphql-ws client as a watcher: its events, errors and closes in inboxes. */
import { WatchProgressDocument } from '@ingestion-progress/schema/operations';
import type { WatchProgressSubscription } from '@ingestion-progress/schema/operations';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createInbox } from './inbox.js';
import type { Inbox } from './inbox.js';

export type WatchedEvent = WatchProgressSubscription['ingestionProgress'];

export interface StockClient {
  readonly client: Client;
  /** Close codes, in order. */
  readonly closes: Inbox<number>;
  /** Payloads of acks. */
  readonly acks: Inbox<Record<string, unknown>>;
}

export interface StockWatch {
  readonly events: Inbox<WatchedEvent>;
  /** 'completed', or the codes of the errors that ended it, or of the close. */
  readonly ended: Promise<'completed' | readonly unknown[]>;
  stop(): void;
}

/** Connects at once and stays. */
export function connectStock(url: string, params: Record<string, unknown> | undefined): StockClient {
  const closes = createInbox<number>('closes');
  const acks = createInbox<Record<string, unknown>>('acks');
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    ...(params === undefined ? {} : { connectionParams: params }),
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
    on: {
      connected: (_socket, payload) => acks.put(payload ?? {}),
      closed: (event) => closes.put((event as { code: number }).code),
    },
  });
  onTestFinished(() => void client.dispose());
  return { client, closes, acks };
}

function codesOf(reason: unknown): readonly unknown[] {
  if (Array.isArray(reason)) {
    return reason.map((error: { extensions?: Record<string, unknown> }) => error.extensions?.['code']);
  }
  return [(reason as { code?: unknown }).code];
}

/** Subscribes to a project's progress by the widget's document. */
export function watchStock(
  { client }: StockClient,
  projectId: string,
  variables: { readonly follow?: boolean; readonly ingestionId?: string } = {},
): StockWatch {
  const events = createInbox<WatchedEvent>(`events of ${projectId}`);
  let stop = () => {};
  const ended = new Promise<'completed' | readonly unknown[]>((resolve) => {
    stop = client.subscribe<WatchProgressSubscription>(
      { query: String(WatchProgressDocument), variables: { projectId, follow: false, ...variables } },
      {
        next: ({ data, errors }) => {
          if (data?.ingestionProgress !== undefined) events.put(data.ingestionProgress);
          else resolve(codesOf(errors));
        },
        error: (reason) => resolve(codesOf(reason)),
        complete: () => resolve('completed'),
      },
    );
  });
  return { events, ended, stop: () => stop() };
}
