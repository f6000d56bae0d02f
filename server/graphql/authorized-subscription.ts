/**
 * Opens subscriptions: access is acquired first and held while the subscription is open, then the watch begins. Fast
 * and slow path both begin here; how events reach the client is theirs.
 */
import { idSchema } from '@ingestion-progress/schema';
import type { IngestionCommand, IngestionEvent } from '@ingestion-progress/schema';
import type { SubscriptionIngestionProgressArgs } from '@ingestion-progress/schema/resolvers';
import type { HeldDocument } from '../auth/quotas.js';
import type { AccessGrant, Session } from '../auth/session.js';
import { ProgressError } from '../shared/errors.js';
import type { ProgressService } from '../ingestion/service.js';
import type { WatchHub } from '../watch/watch-hub.js';
import type { Watch, WatchReader } from '../watch/watcher.js';
import { createEventStream } from './event-stream.js';
import type { EventStream } from './event-stream.js';

/** Arguments of `ingestionProgress`, with their defaults. */
export type ProgressArgs = Pick<SubscriptionIngestionProgressArgs, 'projectId' | 'ingestionId'> & {
  readonly follow: boolean;
};

/** A watch of events or messages, and the access it holds. */
export interface OpenSubscription<E = IngestionEvent> {
  readonly watch: {
    /** Events not yet taken. */
    readonly queued: number;
    take(): E | null;
  };
  /** How it ended for its subscriber: a null error is completion; null while it is open. */
  readonly end: { readonly error: ProgressError | null } | null;
  /** True if its client took too little. */
  readonly hasOverflowed?: boolean;
  /** Closes the watch and releases its access. A second call does no harm. */
  close(): void;
}

/** Throws `BAD_USER_INPUT` for a malformed ingestion id. */
export function checkIngestionId(ingestionId: string | null | undefined): string | null {
  if (ingestionId === null || ingestionId === undefined) return null;
  const parsed = idSchema.safeParse(ingestionId);
  if (parsed.success) return ingestionId;
  throw new ProgressError('BAD_USER_INPUT', `ingestionId: ${parsed.error.issues[0]?.message ?? 'malformed'}`);
}

/** See `OpenSubscription`. A class, since there may be very many: one object is both the grant and its holder. */
class AuthorizedSubscription implements OpenSubscription, AccessGrant, WatchReader {
  readonly scope = 'progress:read';
  readonly projectId: string;
  readonly document: HeldDocument;
  readonly #session: Session;
  readonly #reader: WatchReader;
  #watch: Watch | null = null;
  #revokedWith: ProgressError | null = null;

  constructor(session: Session, projectId: string, document: HeldDocument, reader: WatchReader) {
    this.#session = session;
    this.projectId = projectId;
    this.document = document;
    this.#reader = reader;
  }

  get watch(): Watch {
    if (this.#watch === null) throw new Error('Not open yet.');
    return this.#watch;
  }

  get hasOverflowed(): boolean {
    return this.watch.end?.kind === 'overflowed';
  }

  get end(): { readonly error: ProgressError | null } | null {
    return errorOfEnd(this.watch);
  }

  async open(hub: WatchHub, { projectId, ingestionId, follow }: ProgressArgs): Promise<this> {
    await this.#session.acquire(this);
    try {
      const target = { projectId, ingestionId: checkIngestionId(ingestionId), follow };
      this.#watch = await hub.watch(target, this);
    } catch (error) {
      this.#session.release(this);
      throw error;
    }
    if (this.#revokedWith !== null) this.#watch.fail(this.#revokedWith);
    if (this.#watch.end !== null) this.#session.release(this);
    return this;
  }

  revoke(error: ProgressError): void {
    this.#revokedWith = error;
    this.#watch?.fail(error);
  }

  close(): void {
    this.#session.release(this);
    this.#watch?.close();
  }

  ready(): void {
    if (this.#watch !== null && this.#watch.end !== null) this.#session.release(this);
    this.#reader.ready();
  }
}

/** Opens a watch on progress. Rejects as `Session.acquire` and `WatchHub.watch` do. */
export function openSubscription(
  hub: WatchHub,
  session: Session,
  args: ProgressArgs,
  document: HeldDocument,
  reader: WatchReader,
): Promise<OpenSubscription> {
  return new AuthorizedSubscription(session, args.projectId, document, reader).open(hub, args);
}

/** The error for a subscriber. */
function errorOfEnd(watch: Watch): { readonly error: ProgressError | null } | null {
  if (watch.end === null) return null;
  if (watch.end.kind === 'failed') return { error: watch.end.error };
  if (watch.end.kind !== 'overflowed') return { error: null };
  return {
    error: new ProgressError('UNAVAILABLE', 'Client too slow. Reconnect to get the current state.'),
  };
}

/** The slow path: events one by one, as an async iterator. */
export async function streamProgress(
  hub: WatchHub,
  session: Session,
  args: ProgressArgs,
  document: HeldDocument,
): Promise<AsyncIterableIterator<IngestionEvent>> {
  let stream: EventStream<IngestionEvent> | null = null;
  const open = await openSubscription(hub, session, args, document, { ready: () => stream?.wake() });
  stream = createEventStream<IngestionEvent>({
    take: () => open.watch.take(),
    get end() {
      return open.end;
    },
    close: () => open.close(),
  });
  return stream.iterator;
}

/** Commands queued for one job; the oldest is dropped if it takes none. */
const MAX_QUEUED_COMMANDS = 100;

/** Commands of a project, for its jobs. */
export async function streamCommands(
  service: ProgressService,
  session: Session,
  projectId: string,
  document: HeldDocument,
): Promise<AsyncIterableIterator<IngestionCommand>> {
  const queue: IngestionCommand[] = [];
  let end: { readonly error: ProgressError | null } | null = null;
  let detach = () => {};
  const grant: AccessGrant = {
    projectId,
    scope: 'progress:write',
    document,
    revoke: (error) => {
      end ??= { error };
      detach();
      stream.wake();
    },
  };
  const stream = createEventStream<IngestionCommand>({
    take: () => queue.shift() ?? null,
    get end() {
      return end;
    },
    close: () => {
      end ??= { error: null };
      session.release(grant);
      detach();
    },
  });
  await session.acquire(grant);
  try {
    detach = await service.watchCommands(projectId, (command) => {
      if (queue.push(command) > MAX_QUEUED_COMMANDS) queue.shift();
      stream.wake();
    });
  } catch (error) {
    session.release(grant);
    throw error;
  }
  if (end !== null) detach();
  return stream.iterator;
}
