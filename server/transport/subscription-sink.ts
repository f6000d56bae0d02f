/**
 * The second half of the fast path: writes shared payloads straight to a socket, as fast as its client takes them, while
 * graphql-ws sees an iterator that yields nothing until the end.
 */
import type { Renderer } from '../graphql/shared-execution.js';
import type { OpenSubscription } from '../graphql/authorized-subscription.js';
import { createEventStream } from '../graphql/event-stream.js';
import type { StreamSource } from '../graphql/event-stream.js';
import { CLOSES } from './close-codes.js';
import type { WatchReader } from '../watch/watcher.js';
import type { Connection, DrainListener } from './connection.js';

/** What frames are written to. */
export interface FrameSink {
  /** Takes a whole frame; true if none of it is buffered in this process, so that its bytes may be reused. */
  writeFrame(frame: Buffer): boolean;
}

/**
 * Writes one payload to many sockets as WebSocket text frames (RFC 6455, 5.2: unmasked and final), each in one buffer, so
 * that it leaves in one system call. Frames begin with the subscription's own head and share the rest.
 */
export interface FrameWriter {
  /**
   * Writes `head` (`headBytes` of UTF-8), `payload` and the tail. The payload is UTF-8 and the same object for all
   * subscriptions; if the previous head was as long, only the head is written anew.
   */
  write(head: string, headBytes: number, payload: Buffer, sink: FrameSink): void;
}

const FINAL_TEXT = 0x81;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

function headerBytes(length: number): number {
  if (length < TWO_BYTES) return 2;
  return length < 65_536 ? 4 : 10;
}

/** An empty frame for so many bytes of text. */
function allocateFrame(length: number): { readonly frame: Buffer; readonly start: number } {
  const start = headerBytes(length);
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = FINAL_TEXT;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = TWO_BYTES;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = EIGHT_BYTES;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  return { frame, start };
}

/** Creates a writer whose frames all end with `tail`. */
export function createFrameWriter(tail: string): FrameWriter {
  const tailBytes = Buffer.from(tail);
  let frame: Buffer | null = null;
  let framed: Buffer | null = null;
  let framedHeadBytes = 0;
  let start = 0;
  return {
    write: (head, headBytes, payload, sink) => {
      if (frame === null || framed !== payload || headBytes !== framedHeadBytes) {
        ({ frame, start } = allocateFrame(headBytes + payload.length + tailBytes.length));
        payload.copy(frame, start + headBytes);
        tailBytes.copy(frame, start + headBytes + payload.length);
        framed = payload;
        framedHeadBytes = headBytes;
      }
      frame.write(head, start);
      // A slow client's socket keeps the frame; the next one gets another.
      if (!sink.writeFrame(frame)) frame = null;
    },
  };
}

const TAIL = '}';
/** Shared by all subscriptions: the frame it holds is written to many in a row. */
const frames = createFrameWriter(TAIL);

/** Counts deliveries, for the metrics. */
export interface DeliveryCounters {
  /** @param type Of a progress event; `list` for a message of a list. */
  delivered(type: string, bytes: number): void;
}

/** Options of a sink. */
export interface SubscriptionSinkOptions<E> {
  readonly connection: Connection;
  /** The operation's id, as the client gave it. */
  readonly id: string;
  readonly renderer: Renderer<E>;
  readonly counters: DeliveryCounters;
  /** Opens what is watched; the reader is notified of each event. */
  readonly open: (reader: WatchReader) => Promise<OpenSubscription<E>>;
}

/** One subscription on the fast path. A class, since there may be very many: its methods are shared. */
class SubscriptionSink<E> implements StreamSource<never>, WatchReader, DrainListener {
  readonly stream = createEventStream<never>(this);
  private readonly head: string;
  private readonly headBytes: number;
  private open: OpenSubscription<E> | null = null;

  constructor(
    private readonly connection: Connection,
    id: string,
    private readonly renderer: Renderer<E>,
    private readonly counters: DeliveryCounters,
  ) {
    this.head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    this.headBytes = Buffer.byteLength(this.head);
  }

  begin(open: OpenSubscription<E>): void {
    this.open = open;
    this.ready();
  }

  /** Events bypass the iterator. */
  take(): null {
    return null;
  }

  get end(): { readonly error: Error | null } | null {
    return this.open === null || this.open.watch.queued > 0 ? null : this.open.end;
  }

  close(): void {
    this.open?.close();
  }

  drained(): void {
    this.ready();
  }

  /** Writes what is queued, as far as the client takes it. */
  ready(): void {
    if (this.open === null) return;
    const { connection, renderer, head, headBytes } = this;
    const { watch } = this.open;
    if (this.open.hasOverflowed === true) connection.close(CLOSES.tooSlow);
    while (watch.queued > 0) {
      if (connection.isBlocked) {
        connection.onceDrained(this);
        return;
      }
      const event = watch.take();
      if (event === null) break;
      const payload = renderer.render(event);
      frames.write(head, headBytes, payload, connection);
      this.counters.delivered(renderer.typeOf(event), headBytes + payload.length + TAIL.length);
    }
    // The iterator yields nothing before the end.
    if (this.open.end !== null) this.stream.wake();
  }
}

/** Opens a watch whose events go straight to the connection. Rejects as `open` does. */
export async function openSubscriptionSink<E>({
  connection,
  id,
  renderer,
  counters,
  open,
}: SubscriptionSinkOptions<E>): Promise<AsyncIterableIterator<never>> {
  const sink = new SubscriptionSink(connection, id, renderer, counters);
  sink.begin(await open(sink));
  return sink.stream.iterator;
}
