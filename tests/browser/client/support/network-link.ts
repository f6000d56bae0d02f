/** A TCP proxy that simulates a network link: reset, black hole, refused, and restored. A connection that was blackholed stays dead. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The link under the control of a test. */
export interface NetworkLink {
  readonly port: number;
  /** Connections that are open. */
  readonly open: number;
  /** Resets all connections, without a FIN. New ones are accepted. */
  cut(): void;
  /** Drops all bytes while connections stay open: existing ones for good, new ones until `restore`. */
  blackhole(): void;
  /** Refuses new connections and resets existing ones. */
  refuse(): Promise<void>;
  /** Accepts new connections again, on the same port. */
  restore(): Promise<void>;
}

/** Makes a link to a local port. */
export async function createNetworkLink(targetPort: number): Promise<NetworkLink> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let blackholed = false;
  let port = 0;
  let server: Server | null = null;

  function take(client: Socket): void {
    const upstream = connect(targetPort, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let dead = blackholed;
    const forward = (from: Socket, onto: Socket): void => {
      from.on('data', (chunk) => {
        dead ||= blackholed;
        if (!dead) onto.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (dead) return;
        pairs.delete(pair);
        onto.destroy();
      });
    };
    forward(client, upstream);
    forward(upstream, client);
  }
  async function listen(): Promise<void> {
    server = createServer(take).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }
  function cut(): void {
    for (const sockets of pairs) for (const socket of sockets) socket.resetAndDestroy();
    pairs.clear();
  }

  await listen();
  return {
    get port() {
      return port;
    },
    get open() {
      return pairs.size;
    },
    cut,
    blackhole() {
      blackholed = true;
    },
    async refuse() {
      const closing = server;
      server = null;
      cut();
      if (closing === null) return;
      const closed = once(closing, 'close');
      closing.close();
      await closed;
    },
    async restore() {
      blackholed = false;
      if (server === null) await listen();
    },
  };
}
