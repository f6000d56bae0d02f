/** A network cable that can be pulled: cut, swallowing, refusing, and put in again. What once swallowed stays dead. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The cable under a test's hand. */
export interface Cable {
  readonly port: number;
  /** Connections that are open. */
  readonly open: number;
  /** Ends every connection at once with a reset, without a FIN. New ones are taken. */
  cut(): void;
  /** From now on bytes vanish, and connections stay open: those of now for ever, later ones too until `restore`. */
  swallow(): void;
  /** New connections are refused; those of now are cut. */
  refuse(): Promise<void>;
  /** New connections pass again, on the same port. */
  restore(): Promise<void>;
}

/** Lays one to a port of this machine. */
export async function createCable(targetPort: number): Promise<Cable> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let swallowing = false;
  let port = 0;
  let server: Server | null = null;

  function take(client: Socket): void {
    const upstream = connect(targetPort, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let dead = swallowing;
    const forward = (from: Socket, onto: Socket): void => {
      from.on('data', (chunk) => {
        dead ||= swallowing;
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
    swallow() {
      swallowing = true;
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
      swallowing = false;
      if (server === null) await listen();
    },
  };
}
