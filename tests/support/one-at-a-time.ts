/**
 * A proxy before a MongoDB server that lets one command through at a time. FerretDB 1.24 reads a document and writes it
 * back in two steps, so that of two updates at once one is lost; MongoDB's are one step, and behind this proxy so are
 * FerretDB's. Knows the frame of the wire protocol (a length, then the message) and nothing of what is in it.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A running proxy. */
export interface OneAtATime {
  readonly port: number;
  /** Cuts every connection and stops listening. */
  close(): Promise<void>;
}

/** Calls `take` with each whole message of a stream of MongoDB's wire protocol. */
export function eachMessage(socket: Socket, take: (message: Buffer) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4) {
      const length = held.readInt32LE(0);
      if (held.length < length) return;
      take(held.subarray(0, length));
      held = held.subarray(length);
    }
  });
}

/** Starts a proxy to `targetPort` of this machine. */
export async function startOneAtATime(targetPort: number): Promise<OneAtATime> {
  const sockets = new Set<Socket>();
  let turn: Promise<void> = Promise.resolve();

  const server = createServer((outer) => {
    const inner = connect(targetPort, '127.0.0.1');
    let answered: (() => void) | null = null;
    for (const socket of [outer, inner]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        outer.destroy();
        inner.destroy();
        answered?.();
      });
    }
    eachMessage(outer, (message) => {
      turn = turn.then(
        () =>
          new Promise((resolve) => {
            if (inner.destroyed) {
              resolve();
              return;
            }
            answered = resolve;
            inner.write(message);
          }),
      );
    });
    eachMessage(inner, (message) => {
      outer.write(message);
      answered?.();
      answered = null;
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
