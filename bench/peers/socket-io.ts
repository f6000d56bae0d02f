/**
 * Socket.IO with a room per project, tuned as its page "Performance tuning" recommends: only WebSocket, no compression,
 * and the first HTTP request released.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { messageAt } from '../workload.js';
import { isValid, listen } from './listen.js';
import { NO_COUNTERS, type Peer } from './peer.js';

/** A watcher sends `watch` with its project; every `progress` event is one state. */
export function createSocketIoPeer(): Peer {
  const server = createServer();
  const io = new Server(server, { transports: ['websocket'], serveClient: false });
  io.engine.on('connection', (rawSocket: { request: unknown }) => {
    rawSocket.request = null;
  });
  const latest = new Map<string, unknown>();
  io.use((socket, next) => {
    const { token } = socket.handshake.auth as { token?: unknown };
    next(isValid(token) ? undefined : new Error('UNAUTHENTICATED'));
  });
  io.on('connection', (socket) => {
    socket.on('watch', (projectId: string) => {
      void socket.join(projectId);
      socket.emit('progress', latest.get(projectId));
    });
  });
  return {
    start: async (port) =>
      `ws://127.0.0.1:${await listen(server, port)}/socket.io/?EIO=4&transport=websocket`,
    prepare: async (projectIds, sequence) => {
      for (const id of projectIds) latest.set(id, messageAt(id, sequence));
    },
    emit: (projectId, sequence) => {
      const message = messageAt(projectId, sequence);
      latest.set(projectId, message);
      io.to(projectId).emit('progress', message);
    },
    counters: () => NO_COUNTERS,
  };
}
