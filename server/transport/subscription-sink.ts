/**
 * The fast road's second half: writes shared payloads straight to a socket, as fast as its reader takes them, while
 * graphql-ws sees an iterator that says nothing until the end.
 */
import type { IngestionEvent } from '@ingestion-progress/schema';
import type { Session } from '../auth/session.js';
import type { Lane, Shared } from '../graphql/shared-execution.js';
import { errorOfEnd, openWatch } from '../graphql/watching.js';
import type { OpenWatch } from '../graphql/watching.js';
import { createEventStream } from '../graphql/event-stream.js';
import type { StreamSource } from '../graphql/event-stream.js';
import type { WatchHub } from '../watch/watch-hub.js';
import { CLOSES } from './close-codes.js';
import type { WatchReader } from '../watch/watcher.js';
import type { Connection, DrainListener } from './connection.js';
import { createFrameWriter } from './text-frame.js';

const TAIL = '}';
/** One for all: what it holds is written to many in a row. */
const frames = createFrameWriter(TAIL);

/** What happened on the lane, for the counters. */
export interface LaneCounters {
  delivered(event: IngestionEvent, bytes: number): void;
}

/** What a lane is opened with. */
export interface FastLaneOptions {
  readonly connection: Connection;
  readonly session: Session;
  readonly hub: WatchHub;
  /** The operation's id, as the client gave it. */
  readonly id: string;
  readonly shared: Shared;
  readonly counters: LaneCounters;
}

/** One subscription on the lane. A class, since there may be very many: its methods are shared. */
class FastLane implements StreamSource<never>, WatchReader, DrainListener {
  readonly stream = createEventStream<never>(this);
  private readonly head: string;
  private readonly headBytes: number;
  private open: OpenWatch | null = null;

  constructor(
    private readonly connection: Connection,
    id: string,
    private readonly lane: Lane,
    private readonly counters: LaneCounters,
  ) {
    this.head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    this.headBytes = Buffer.byteLength(this.head);
  }

  begin(open: OpenWatch): void {
    this.open = open;
    this.ready();
  }

  /** Events go past the iterator. */
  take(): null {
    return null;
  }

  get end(): { readonly error: Error | null } | null {
    return this.open === null || this.open.watch.waiting > 0 ? null : errorOfEnd(this.open.watch);
  }

  close(): void {
    this.open?.close();
  }

  drained(): void {
    this.ready();
  }

  /** Writes what waits, as far as the reader takes it. */
  ready(): void {
    if (this.open === null) return;
    const { connection, lane, head, headBytes } = this;
    const { watch } = this.open;
    if (watch.end?.kind === 'overflowed') connection.close(CLOSES.tooSlow);
    while (watch.waiting > 0) {
      if (connection.isBlocked) {
        connection.onceDrained(this);
        return;
      }
      const event = watch.take();
      if (event === null) break;
      const payload = lane.render(event);
      frames.write(head, headBytes, payload, connection);
      this.counters.delivered(event, headBytes + payload.length + TAIL.length);
    }
    // The iterator has nothing to say before the end.
    if (watch.end !== null) this.stream.wake();
  }
}

/** Opens a watch whose events go straight to the connection. Rejects as `openWatch` does. */
export async function openFastLane(options: FastLaneOptions): Promise<AsyncIterableIterator<never>> {
  const { connection, session, hub, id, shared, counters } = options;
  const lane = new FastLane(connection, id, shared.lane, counters);
  lane.begin(await openWatch(hub, session, shared.args, lane));
  return lane.stream.iterator;
}
