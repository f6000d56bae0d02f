/**
 * A proxy in front of a MongoDB server that serializes its commands. FerretDB 1.24 updates a document in two steps, a read
 * and a write, so one of two concurrent updates is lost. MongoDB updates atomically, and behind this proxy so does
 * FerretDB. Knows the framing of the wire protocol (a length, then the message), but not the messages.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A running proxy. */
export interface SerializingProxy {
  readonly port: number;
  /** Destroys every connection and stops listening. */
  close(): Promise<void>;
}

/** Calls `onMessage` with each complete message of a stream of MongoDB's wire protocol. */
export function eachMessage(socket: Socket, onMessage: (message: Buffer) => void): void {
  let buffered = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 4) {
      const length = buffered.readInt32LE(0);
      if (buffered.length < length) return;
      onMessage(buffered.subarray(0, length));
      buffered = buffered.subarray(length);
    }
  });
}

/** Starts a proxy to `targetPort` of this machine. */
export async function startSerializingProxy(targetPort: number): Promise<SerializingProxy> {
  const sockets = new Set<Socket>();
  let queue: Promise<void> = Promise.resolve();

  const server = createServer((outer) => {
    const inner = connect(targetPort, '127.0.0.1');
    let onAnswer: (() => void) | null = null;
    for (const socket of [outer, inner]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        outer.destroy();
        inner.destroy();
        onAnswer?.();
      });
    }
    eachMessage(outer, (message) => {
      queue = queue.then(
        () =>
          new Promise((resolve) => {
            if (inner.destroyed) {
              resolve();
              return;
            }
            onAnswer = resolve;
            inner.write(message);
          }),
      );
    });
    eachMessage(inner, (message) => {
      outer.write(message);
      onAnswer?.();
      onAnswer = null;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
