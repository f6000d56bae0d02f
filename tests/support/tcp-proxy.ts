/** A TCP proxy that misbehaves on request: cuts, swallows, refuses, delays, or accepts and says nothing. Knows no protocol. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A running proxy. */
export interface TcpProxy extends AsyncDisposable {
  /** Stays the same, also while it refuses. */
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Resets every connection; new ones are as good as before. */
  cut(): void;
  /**
   * A black hole: connections stay open and are accepted, and nothing gets through in either direction, not even that
   * one side has closed. What TCP still holds when the network is good again arrives then, as it would in the world.
   */
  swallow(): void;
  /** New connections are refused; those that are there go on. */
  refuse(): Promise<void>;
  /** As a good network would, for what is open and for what comes. */
  restore(): Promise<void>;
  /** Holds each piece of data back so long, in milliseconds, both ways; 0 for not at all. */
  delay(delayMs: number): void;
  /** Cuts, and listens no more. A second call does no harm. */
  dispose(): Promise<void>;
}

/** Where the proxy leads; read anew for each connection, so that a test may lead it elsewhere. */
export type ProxyTarget = () => number;

/** Starts a proxy to a port of this machine. */
export async function createTcpProxy(target: number | ProxyTarget): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let swallowing = false;
  let delayMs = 0;
  let server: Server | null = null;
  let port = 0;

  const forward = (from: Socket, onto: Socket) => {
    from.on('data', (chunk) => {
      if (delayMs > 0) setTimeout(() => onto.writable && onto.write(chunk), delayMs).unref();
      else if (!onto.write(chunk)) {
        // So that a slow reader slows its writer, as it would without us.
        from.pause();
        onto.once('drain', () => swallowing || from.resume());
      }
    });
    from.on('error', () => undefined);
    from.once('end', () => onto.end());
    from.once('close', () => {
      sockets.delete(from);
      onto.destroy();
    });
    sockets.add(from);
    if (swallowing) from.pause();
  };

  const accept = (outer: Socket) => {
    const inner = connect({
      port: typeof target === 'number' ? target : target(),
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    for (const socket of [outer, inner]) socket.setNoDelay(true);
    forward(outer, inner);
    forward(inner, outer);
  };

  const listen = async () => {
    if (server !== null) return;
    const listening = createServer({ allowHalfOpen: true }, accept).listen(port, '127.0.0.1');
    server = listening;
    await once(listening, 'listening');
    port = (listening.address() as AddressInfo).port;
  };

  const deafen = () => {
    // Not awaited: it closes for good only when its last connection has.
    server?.close();
    server = null;
  };

  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  const dispose = async () => {
    cut();
    deafen();
  };

  await listen();
  return {
    get port() {
      return port;
    },
    get connections() {
      return sockets.size / 2;
    },
    cut,
    swallow: () => {
      swallowing = true;
      for (const socket of sockets) socket.pause();
    },
    refuse: async () => deafen(),
    restore: () => {
      swallowing = false;
      for (const socket of sockets) socket.resume();
      return listen();
    },
    delay: (next) => {
      delayMs = next;
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
