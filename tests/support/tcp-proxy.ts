/** A TCP proxy that misbehaves on request: resets connections, drops data, refuses connections, or delays. Knows no protocol. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A running proxy. */
export interface TcpProxy extends AsyncDisposable {
  /** Stays the same, even while it refuses connections. */
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /** Resets every connection; new ones work. */
  cut(): void;
  /**
   * A black hole: connections stay open, new ones are accepted, and nothing gets through in either direction, not even
   * a FIN. What TCP has buffered arrives after `restore`, as on a real network.
   */
  swallow(): void;
  /** Refuses new connections; open ones continue. */
  refuse(): Promise<void>;
  /** Works normally again, for open and new connections. */
  restore(): Promise<void>;
  /** Delays each chunk in both directions, in milliseconds; 0 for no delay. */
  delay(delayMs: number): void;
  /** Resets every connection and stops listening. Calling it twice does no harm. */
  dispose(): Promise<void>;
}

/** The port to connect to; read for each connection, so a test can change it. */
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
        // Backpressure: a slow reader slows down its writer, as it would without the proxy.
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

  const stopListening = () => {
    // Not awaited: `close` completes only when the last connection is closed.
    server?.close();
    server = null;
  };

  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  const dispose = async () => {
    cut();
    stopListening();
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
    refuse: async () => stopListening(),
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
