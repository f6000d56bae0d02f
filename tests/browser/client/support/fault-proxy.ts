/** An HTTP proxy that injects faults, separately for WebSocket upgrades and for plain requests. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

/** How an upgrade is handled. */
export type SocketFault =
  | 'pass'
  /** The connection is closed, or answered with 404, as by a proxy without WebSocket support. */
  | 'block'
  | 'not-found'
  /** The upgrade is never answered. */
  | 'silent'
  /** Upgraded, and never acknowledged. */
  | 'no-ack'
  /** Acknowledged, and no subscription is ever answered. */
  | 'no-data'
  /** Closed with this code: on `connection_init`, or after the ack. */
  | { readonly close: number; readonly after?: 'init' | 'ack' };

/** The proxy under the control of a test. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  socket: SocketFault;
  http: 'pass' | 'block' | 'hang';
  /** Number of upgrades, and of requests without preflights, so far. */
  readonly upgrades: number;
  readonly requests: number;
  /** Sockets that are open through the proxy or held by it. */
  readonly openSockets: number;
  /** Closes all WebSockets, as if the server had closed them. */
  closeSockets(code: number): void;
}

/** Starts a proxy in front of a local port. */
export async function createFaultProxy(targetPort: number): Promise<FaultProxy> {
  const webSockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'graphql-transport-ws' });
  const passing = new Set<Socket>();
  let upgrades = 0;
  let requests = 0;

  const server = createServer((incoming, outgoing) => {
    if (incoming.method !== 'OPTIONS') requests += 1;
    if (proxy.http === 'hang') return;
    if (proxy.http === 'block') {
      incoming.socket.destroy();
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request({ port: targetPort, host: '127.0.0.1', method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => {
      incoming.socket.destroy();
    });
    incoming.pipe(onward);
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    upgrades += 1;
    const fault = proxy.socket;
    socket.on('error', () => undefined);
    if (fault === 'pass') pass(incoming, socket, head);
    else if (fault === 'block') socket.destroy();
    else if (fault === 'not-found') socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    else if (fault === 'silent') passing.add(socket.on('close', () => passing.delete(socket)));
    else {
      webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
        misbehave(webSocket, fault);
      });
    }
  });

  function pass(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const upstream = connect(targetPort, '127.0.0.1', () => {
      const lines = [`${incoming.method ?? 'GET'} ${incoming.url ?? '/'} HTTP/1.1`];
      for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
        lines.push(`${incoming.rawHeaders[i] ?? ''}: ${incoming.rawHeaders[i + 1] ?? ''}`);
      }
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    passing.add(socket);
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => {
      passing.delete(socket);
      upstream.destroy();
    });
  }
  function misbehave(webSocket: WebSocket, fault: Exclude<SocketFault, 'pass' | 'block'>): void {
    webSocket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString('utf8')) as { type: string };
      if (type === 'ping') webSocket.send('{"type":"pong"}');
      if (type === 'connection_init') {
        if (typeof fault === 'object' && fault.after !== 'ack') webSocket.close(fault.close, 'By order.');
        else if (fault !== 'no-ack') webSocket.send('{"type":"connection_ack"}');
      }
      if (type === 'subscribe' && typeof fault === 'object') webSocket.close(fault.close, 'By order.');
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    socket: 'pass',
    http: 'pass',
    get upgrades() {
      return upgrades;
    },
    get requests() {
      return requests;
    },
    get openSockets() {
      return passing.size + webSockets.clients.size;
    },
    closeSockets(code) {
      for (const client of webSockets.clients) client.close(code, 'By order.');
      for (const socket of passing) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      proxy.closeSockets(1001);
      for (const client of webSockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
