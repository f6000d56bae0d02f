/**
 * Opens live lists: access is acquired first, held and checked again while the list is open, as it is for the watch of
 * one project. Fast and slow path both begin here.
 */
import type { SubscriptionIngestionsArgs } from '@ingestion-progress/schema/resolvers';
import type { ListAccess } from '../auth/list-access.js';
import type { HeldDocument } from '../auth/quotas.js';
import type { AccessGrant, ListGrant, Session } from '../auth/session.js';
import type { ListFeed } from '../list/list-feed.js';
import { parseFilter, type ListFilter } from '../list/list-filter.js';
import { MAX_ROWS, type ListMessage } from '../list/list-view.js';
import type { ListWatch, ListWatchReader } from '../list/list-watch.js';
import { ProgressError } from '../shared/errors.js';
import type { OpenSubscription } from './authorized-subscription.js';
import { createEventStream, type EventStream } from './event-stream.js';

/** Arguments of the subscription `ingestions`, with their defaults. */
export type ListArgs = Pick<SubscriptionIngestionsArgs, 'filter'> & { readonly first: number };

/** See the file's head. */
class AuthorizedList implements OpenSubscription<ListMessage>, AccessGrant, ListGrant, ListWatchReader {
  readonly scope = 'progress:read';
  readonly projectId = '';
  readonly list = this;
  readonly projectIds: readonly string[] | null;
  #access: ListAccess | null = null;
  #watch: ListWatch | null = null;
  #revokedWith: ProgressError | null = null;

  constructor(
    private readonly session: Session,
    private readonly filter: ListFilter,
    readonly document: HeldDocument,
    private readonly reader: ListWatchReader,
  ) {
    this.projectIds = filter.projectIds;
  }

  get watch(): ListWatch {
    if (this.#watch === null) throw new Error('Not open yet.');
    return this.#watch;
  }

  get end(): { readonly error: ProgressError | null } | null {
    const end = this.#watch?.end ?? null;
    return end === null ? null : { error: end.kind === 'failed' ? end.error : null };
  }

  async open(feed: ListFeed, first: number): Promise<this> {
    await this.session.acquire(this);
    try {
      const access = this.#access;
      if (access === null) throw new Error('Acquired without access.');
      this.#watch = await feed.watch({ filter: this.filter, first, access }, this);
      // It may have changed meanwhile.
      if (this.#access !== null && this.#access !== access) await this.#watch.setAccess(this.#access);
    } catch (error) {
      this.session.release(this);
      this.#watch?.close();
      throw error;
    }
    if (this.#revokedWith !== null) this.#watch.fail(this.#revokedWith);
    if (this.#watch.end !== null) this.session.release(this);
    return this;
  }

  async take(access: ListAccess): Promise<void> {
    this.#access = access;
    await this.#watch?.setAccess(access);
  }

  revoke(error: ProgressError): void {
    this.#revokedWith = error;
    this.#watch?.fail(error);
  }

  close(): void {
    this.session.release(this);
    this.#watch?.close();
  }

  ready(): void {
    if (this.#watch !== null && this.#watch.end !== null) this.session.release(this);
    this.reader.ready();
  }
}

/** Throws `BAD_USER_INPUT` for a page that is too small or too large. */
export function checkFirst(first: number, most: number): void {
  if (first < 1 || first > most) throw new ProgressError('BAD_USER_INPUT', `first: must be 1 to ${most}`);
}

/** Opens a live list. Rejects as `Session.acquire` and `ListFeed.watch` do, and with `BAD_USER_INPUT`. */
export async function openList(
  feed: ListFeed,
  session: Session,
  { filter, first }: ListArgs,
  document: HeldDocument,
  reader: ListWatchReader,
): Promise<OpenSubscription<ListMessage>> {
  checkFirst(first, MAX_ROWS);
  return new AuthorizedList(session, parseFilter(filter), document, reader).open(feed, first);
}

/** The slow path: messages one by one, as an async iterator. */
export async function streamList(
  feed: ListFeed,
  session: Session,
  args: ListArgs,
  document: HeldDocument,
): Promise<AsyncIterableIterator<ListMessage>> {
  let stream: EventStream<ListMessage> | null = null;
  const open = await openList(feed, session, args, document, { ready: () => stream?.wake() });
  stream = createEventStream<ListMessage>({
    take: () => open.watch.take(),
    get end() {
      return open.end;
    },
    close: () => open.close(),
  });
  return stream.iterator;
}
