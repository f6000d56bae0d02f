/**
 * Opens what a subscription field asks for: access first, held as long as it is open, then the watch. Both roads of
 * delivery begin here; how events get to a client is theirs.
 */
import { idSchema } from '@ingestion-progress/schema';
import type { IngestionCommand, IngestionEvent } from '@ingestion-progress/schema';
import type { SubscriptionIngestionProgressArgs } from '@ingestion-progress/schema/resolvers';
import type { Grant, Session } from '../auth/session.js';
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

/** A watch that holds its access. */
export interface OpenWatch {
  readonly watch: Watch;
  /** Lets go of both. A second call does no harm. */
  close(): void;
}

/** Refuses an ingestion id that cannot be one. */
export function checkIngestionId(ingestionId: string | null | undefined): string | null {
  if (ingestionId === null || ingestionId === undefined) return null;
  const parsed = idSchema.safeParse(ingestionId);
  if (parsed.success) return ingestionId;
  throw new ProgressError('BAD_USER_INPUT', `ingestionId: ${parsed.error.issues[0]?.message ?? 'malformed'}`);
}

/** See `OpenWatch`. A class, since there may be very many: one object is the grant and what stands on it. */
class HeldWatch implements OpenWatch, Grant, WatchReader {
  readonly scope = 'progress:read';
  readonly projectId: string;
  readonly #session: Session;
  readonly #reader: WatchReader;
  #watch: Watch | null = null;
  #refused: ProgressError | null = null;

  constructor(session: Session, projectId: string, reader: WatchReader) {
    this.#session = session;
    this.projectId = projectId;
    this.#reader = reader;
  }

  get watch(): Watch {
    if (this.#watch === null) throw new Error('Not open yet.');
    return this.#watch;
  }

  async open(hub: WatchHub, { projectId, ingestionId, follow }: ProgressArgs): Promise<this> {
    await this.#session.hold(this);
    try {
      const target = { projectId, ingestionId: checkIngestionId(ingestionId), follow };
      this.#watch = await hub.watch(target, this);
    } catch (error) {
      this.#session.release(this);
      throw error;
    }
    if (this.#refused !== null) this.#watch.fail(this.#refused);
    if (this.#watch.end !== null) this.#session.release(this);
    return this;
  }

  end(error: ProgressError): void {
    this.#refused = error;
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

/** Opens a watch on progress. Rejects as `Session.hold` and `WatchHub.watch` do. */
export function openWatch(
  hub: WatchHub,
  session: Session,
  args: ProgressArgs,
  reader: WatchReader,
): Promise<OpenWatch> {
  return new HeldWatch(session, args.projectId, reader).open(hub, args);
}

/** How a watch's end looks to a subscriber: null is completion. */
export function errorOfEnd(watch: Watch): { readonly error: ProgressError | null } | null {
  if (watch.end === null) return null;
  if (watch.end.kind === 'failed') return { error: watch.end.error };
  if (watch.end.kind !== 'overflowed') return { error: null };
  return {
    error: new ProgressError('UNAVAILABLE', 'Too slow a reader; come back and take the state as it is.'),
  };
}

/** The ordinary road: events one by one. */
export async function streamProgress(
  hub: WatchHub,
  session: Session,
  args: ProgressArgs,
): Promise<AsyncIterableIterator<IngestionEvent>> {
  let stream: EventStream<IngestionEvent> | null = null;
  const open = await openWatch(hub, session, args, { ready: () => stream?.wake() });
  stream = createEventStream<IngestionEvent>({
    take: () => open.watch.take(),
    get end() {
      return errorOfEnd(open.watch);
    },
    close: () => open.close(),
  });
  return stream.iterator;
}

/** Commands that wait for one job at most; a job that takes none is not there. */
const MOST_COMMANDS = 100;

/** Commands of a project, for its jobs. */
export async function streamCommands(
  service: ProgressService,
  session: Session,
  projectId: string,
): Promise<AsyncIterableIterator<IngestionCommand>> {
  const queue: IngestionCommand[] = [];
  let end: { readonly error: ProgressError | null } | null = null;
  let detach = () => {};
  const grant: Grant = {
    projectId,
    scope: 'progress:write',
    end: (error) => {
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
  await session.hold(grant);
  try {
    detach = await service.watchCommands(projectId, (command) => {
      if (queue.push(command) > MOST_COMMANDS) queue.shift();
      stream.wake();
    });
  } catch (error) {
    session.release(grant);
    throw error;
  }
  if (end !== null) detach();
  return stream.iterator;
}
