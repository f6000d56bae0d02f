/**
 * One payload to many sockets as WebSocket text frames (RFC 6455, 5.2: unmasked and final, as a server's are), each in
 * one buffer, so that it leaves in one system call. Knows nothing of what a frame says.
 */

/** Where frames go. */
export interface FrameSink {
  /** Takes a whole frame; true where none of it waits in this process, so that its bytes may be used again. */
  writeFrame(frame: Buffer): boolean;
}

/** Writes frames that begin with their reader's own words and go on with what all readers share. */
export interface FrameWriter {
  /**
   * Writes `head`, which is so many bytes of UTF-8, `payload` and `tail`. The payload is UTF-8 and the same object for
   * all readers; only the head is written anew where the one before it was as long.
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
function openFrame(length: number): { readonly frame: Buffer; readonly start: number } {
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

/** Makes a writer whose frames all end with `tail`. */
export function createFrameWriter(tail: string): FrameWriter {
  const tailBytes = Buffer.from(tail);
  let frame: Buffer | null = null;
  let of: Buffer | null = null;
  let room = 0;
  let start = 0;
  return {
    write: (head, headBytes, payload, sink) => {
      if (frame === null || of !== payload || headBytes !== room) {
        ({ frame, start } = openFrame(headBytes + payload.length + tailBytes.length));
        payload.copy(frame, start + headBytes);
        tailBytes.copy(frame, start + headBytes + payload.length);
        of = payload;
        room = headBytes;
      }
      frame.write(head, start);
      // A reader that is behind keeps the frame; the next one gets another.
      if (!sink.writeFrame(frame)) frame = null;
    },
  };
}
