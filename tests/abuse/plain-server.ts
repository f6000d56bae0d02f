/**
 * The measure for a busy machine: `ws` and `node:http` with nothing on top. Tells watchers of a project what its job
 * reported, answers everybody else at once, and checks nothing. Bodies and messages have the bounds of ours.
 */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';

interface Operation {
  readonly query?: string;
  readonly variables?: {
    readonly projectId?: string;
    readonly input?: { readonly projectId?: string; readonly metrics?: unknown };
  };
}

const MOST_BYTES = 262_144;
const watchers = new Map<string, Map<WebSocket, string>>();

function parse(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    // Whatever it is, it is answered like everything else.
    return {};
  }
}

function tell(projectId: string, metrics: unknown): void {
  const data = JSON.stringify({ data: { ingestionProgress: { progress: { metrics } } } });
  for (const [socket, id] of watchers.get(projectId) ?? [])
    socket.send(`{"id":${JSON.stringify(id)},"type":"next","payload":${data}}`);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.on('error', () => undefined);
  request.on('end', () => {
    const { variables } = parse(Buffer.concat(chunks).toString('utf8')) as Operation;
    const { projectId, metrics } = variables?.input ?? {};
    if (projectId !== undefined && metrics !== undefined) tell(projectId, metrics);
    response.setHeader('Content-Type', 'application/json');
    if (request.headers.accept === 'text/event-stream') response.write(':\n\n');
    else response.end('{"data":{}}');
  });
});

const sockets = new WebSocketServer({ server, maxPayload: MOST_BYTES, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  const own = new Set<string>();
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const projectId of own) watchers.get(projectId)?.delete(socket);
  });
  socket.on('message', (text) => {
    const { type, id, payload } = parse(String(text)) as { type?: string; id?: string; payload?: Operation };
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (type !== 'subscribe') return;
    const projectId = payload?.variables?.projectId;
    if (projectId !== undefined && payload?.query?.startsWith('subscription') === true) {
      const room = watchers.get(projectId) ?? new Map<WebSocket, string>();
      watchers.set(projectId, room.set(socket, id ?? ''));
      own.add(projectId);
    }
    socket.send(JSON.stringify({ id, type: 'next', payload: { data: {} } }));
  });
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
});
