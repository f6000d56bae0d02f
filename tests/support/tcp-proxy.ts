/** A TCP proxy that misbehaves on request: cuts, swallows, refuses, delays, or accepts and says nothing. Knows no protocol. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * How the proxy treats what comes:
 * - `pass`: as a good network would
 * - `black-hole`: connections stay open and are accepted, and nothing gets through in either direction
 * - `refuse`: new connections are refused; those that are there go on
 */
export type ProxyMode = 'pass' | 'black-hole' | 'refuse';

/** A running proxy. */
export interface TcpProxy extends AsyncDisposable {
  /** Stays the same, also through `refuse`. */
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Changes the treatment of all connections, old and new. Resolves when it holds. */
  set(mode: ProxyMode): Promise<void>;
  /** Holds each piece of data back so long, in milliseconds, both ways; 0 for not at all. */
  delay(delayMs: number): void;
  /** Resets every connection. */
  cut(): void;
  /** Cuts, and listens no more. A second call does no harm. */
  close(): Promise<void>;
}

/** Where the proxy leads; read anew for each connection, so that a test may lead it elsewhere. */
export type ProxyTarget = () => number;

/** Starts a proxy to a port of this machine. */
export async function createTcpProxy(target: number | ProxyTarget): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let mode: ProxyMode = 'pass';
  let delayMs = 0;
  let server: Server | null = null;
  let port = 0;

  const forward = (from: Socket, onto: Socket) => {
    from.on('data', (chunk) => {
      if (mode === 'black-hole') return;
      if (delayMs > 0) setTimeout(() => onto.writable && onto.write(chunk), delayMs).unref();
      else if (!onto.write(chunk)) {
        // So that a slow reader slows its writer, as it would without us.
        from.pause();
        onto.once('drain', () => from.resume());
      }
    });
    from.on('error', () => undefined);
    from.once('end', () => {
      if (mode !== 'black-hole') onto.end();
    });
    from.once('close', () => {
      sockets.delete(from);
      if (mode !== 'black-hole') onto.destroy();
    });
    sockets.add(from);
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

  const close = async () => {
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
    set: async (next) => {
      mode = next;
      if (next === 'refuse') deafen();
      else await listen();
    },
    delay: (next) => {
      delayMs = next;
    },
    cut,
    close,
    [Symbol.asyncDispose]: close,
  };
}
