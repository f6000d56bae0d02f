/**
 * The floor: plain `ws`. An event is serialized and framed once, and the frame is written to each socket. No rooms, no
 * queue, no life cycle: Node can't do it with fewer system calls.
 */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import * as ws from 'ws';
import { messageAt } from '../workload.js';
import { isValid, listen } from './listen.js';
import { NO_COUNTERS, type Peer } from './peer.js';

/** The framing of ws, which its types omit. */
interface Framing {
  readonly Sender: {
    frame(data: Buffer, options: Readonly<Record<string, unknown>>): Buffer[];
  };
}

const { Sender } = ws as unknown as Framing;

function frame(message: unknown): Buffer {
  const data = Buffer.from(JSON.stringify(message));
  return Buffer.concat(
    Sender.frame(data, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }),
  );
}

/** The first message of a watcher is `{"watch":projectId,"token":…}`; every message to it is one state as JSON. */
export function createRawPeer(): Peer {
  const server = createServer();
  const sockets = new ws.WebSocketServer({ server, perMessageDeflate: false, clientTracking: false });
  const rooms = new Map<string, Set<Duplex>>();
  const latest = new Map<string, unknown>();
  sockets.on('connection', (socket, request) => {
    // Not the request itself, which would keep its headers as long as the socket.
    const stream: Duplex = request.socket;
    socket.once('message', (data) => {
      const { watch, token } = JSON.parse(String(data)) as { watch: string; token: string };
      if (!isValid(token)) {
        socket.close(4401);
        return;
      }
      let room = rooms.get(watch);
      if (room === undefined) rooms.set(watch, (room = new Set()));
      const members = room;
      members.add(stream);
      socket.once('close', () => members.delete(stream));
      socket.send(JSON.stringify(latest.get(watch)));
    });
  });
  return {
    start: async (port) => `ws://127.0.0.1:${await listen(server, port)}`,
    prepare: async (projectIds, sequence) => {
      for (const id of projectIds) latest.set(id, messageAt(id, sequence));
    },
    emit: (projectId, sequence) => {
      const message = messageAt(projectId, sequence);
      latest.set(projectId, message);
      const bytes = frame(message);
      for (const socket of rooms.get(projectId) ?? []) socket.write(bytes);
    },
    counters: () => NO_COUNTERS,
  };
}
