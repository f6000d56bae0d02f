/**
 * The fast road's second half: writes shared payloads straight to a socket, as fast as its reader takes them, while
 * graphql-ws sees an iterator that says nothing until the end.
 */
import type { IngestionEvent } from '@ingestion-progress/schema';
import type { Session } from '../auth/session.js';
import type { Shared } from '../graphql/shared-execution.js';
import { errorOfEnd, openWatch } from '../graphql/watching.js';
import { createEventStream } from '../graphql/event-stream.js';
import type { WatchHub } from '../watch/watch-hub.js';
import type { Watch } from '../watch/watcher.js';
import { CLOSES } from './close-codes.js';
import type { Connection } from './connection.js';
import { createFrameWriter } from './text-frame.js';

const TAIL = '}';
/** One for all: what it holds is written to many in a row. */
const frames = createFrameWriter(TAIL);

/** What happened on the lane, for the counters. */
export interface LaneCounters {
  delivered(event: IngestionEvent, bytes: number): void;
}

/** Opens a watch whose events go straight to the connection. Rejects as `openWatch` does. */
export async function openFastLane(options: {
  readonly connection: Connection;
  readonly session: Session;
  readonly hub: WatchHub;
  /** The operation's id, as the client gave it. */
  readonly id: string;
  readonly shared: Shared;
  readonly counters: LaneCounters;
}): Promise<AsyncIterableIterator<never>> {
  const { connection, session, hub, id, shared, counters } = options;
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  let watch: Watch | null = null;

  function pump(): void {
    if (watch === null) return;
    if (watch.end?.kind === 'overflowed') connection.close(CLOSES.tooSlow);
    while (watch.waiting > 0) {
      if (connection.isBlocked) {
        connection.onceDrained(pump);
        return;
      }
      const event = watch.take();
      if (event === null) break;
      const payload = shared.lane.render(event);
      frames.write(head, payload, connection);
      counters.delivered(event, head.length + payload.length + TAIL.length);
    }
    stream.wake();
  }

  const open = await openWatch(hub, session, shared.args, pump);
  const stream = createEventStream<never>({
    take: () => null,
    get end() {
      return open.watch.waiting > 0 ? null : errorOfEnd(open.watch);
    },
    close: open.close,
  });
  ({ watch } = open);
  pump();
  return stream.iterator;
}
