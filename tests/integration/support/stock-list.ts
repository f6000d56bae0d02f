/** A live list by the stock graphql-ws client, and the page that its messages lead to. */
import { WatchIngestionsDocument } from '@ingestion-progress/schema/operations';
import type {
  WatchIngestionsSubscription,
  WatchIngestionsSubscriptionVariables,
} from '@ingestion-progress/schema/operations';
import { createInbox } from './inbox.js';
import type { Inbox } from './inbox.js';
import type { StockClient } from './stock-client.js';

export type ListMessage = WatchIngestionsSubscription['ingestions'];
type Snapshot = Extract<ListMessage, { __typename: 'IngestionListSnapshot' }>;
export type ListRow = Snapshot['rows'][number];

export interface StockList {
  readonly messages: Inbox<ListMessage>;
  /** When each message came, by the monotonic clock. */
  readonly times: readonly number[];
  /** The page now: `project/id` of each row, in order. */
  page(): readonly string[];
  row(projectId: string, id: string): ListRow | undefined;
  /** Reads messages until the page, or what was read, fits. */
  until(fits: (message: ListMessage) => boolean): Promise<ListMessage>;
  /** Why it ended: codes of errors. */
  readonly ended: Promise<readonly unknown[]>;
  /** What no message may do: a row that goes back, or that is not where it was. */
  readonly violations: readonly string[];
}

const keyOf = ({ projectId, id }: { readonly projectId: string; readonly id: string }) =>
  `${projectId}/${id}`;
const isBefore = (a: ListRow, b: ListRow): boolean => {
  const rank = ({ status }: ListRow) => (status === 'RUNNING' ? 0 : 1);
  if (rank(a) !== rank(b)) return rank(a) < rank(b);
  if (a.startedAt !== b.startedAt) return a.startedAt > b.startedAt;
  return a.id === b.id ? a.projectId > b.projectId : a.id > b.id;
};

/** Watches a list by the widget's document. */
export function watchList(
  { client }: StockClient,
  variables: Partial<WatchIngestionsSubscriptionVariables> = {},
): StockList {
  const messages = createInbox<ListMessage>('messages of a list');
  const rows = new Map<string, ListRow>();
  const times: number[] = [];
  const violations: string[] = [];

  const put = (row: ListRow) => {
    const known = rows.get(keyOf(row));
    if (known !== undefined && known.revision > row.revision) violations.push(`${keyOf(row)} went back`);
    rows.set(keyOf(row), row);
  };
  const apply = (message: ListMessage) => {
    if (message.__typename === 'IngestionListSnapshot') {
      rows.clear();
      message.rows.forEach(put);
      return;
    }
    for (const one of message.left) {
      if (!rows.delete(keyOf(one))) violations.push(`${keyOf(one)} left without having been there`);
    }
    for (const row of message.entered) {
      if (rows.has(keyOf(row))) violations.push(`${keyOf(row)} entered twice`);
      put(row);
    }
    for (const row of message.changed) {
      if (!rows.has(keyOf(row))) violations.push(`${keyOf(row)} changed without being there`);
      put(row);
    }
  };

  const ended = new Promise<readonly unknown[]>((resolve) => {
    const codesOf = (reason: unknown) =>
      Array.isArray(reason)
        ? reason.map((error: { extensions?: Record<string, unknown> }) => error.extensions?.['code'])
        : [(reason as { code?: unknown }).code];
    client.subscribe<WatchIngestionsSubscription>(
      { query: String(WatchIngestionsDocument), variables: { first: 50, ...variables } },
      {
        next: ({ data, errors }) => {
          if (data?.ingestions === undefined) return resolve(codesOf(errors));
          times.push(performance.now());
          apply(data.ingestions);
          messages.put(data.ingestions);
        },
        error: (reason) => resolve(codesOf(reason)),
        complete: () => resolve([]),
      },
    );
  });
  const page = () => [...rows.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1)).map(keyOf);
  return {
    messages,
    times,
    page,
    row: (projectId, id) => rows.get(keyOf({ projectId, id })),
    until: (fits) => messages.until(fits),
    ended,
    violations,
  };
}
