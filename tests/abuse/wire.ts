/**
 * How both sides of an abuse test speak to a server from an address of their own: HTTP requests, graphql-transport-ws,
 * and bytes as they are. Everything goes to loopback.
 */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';

/** Whom to speak to, and from where. */
export interface Route {
  readonly port: number;
  /** The client's own address in 127.0.0.0/8. */
  readonly address: string;
}

/** An HTTP request. */
export interface Ask extends Route {
  readonly path: string;
  /** @default 'GET', or 'POST' if there is a body */
  readonly method?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Kept connections; a connection of its own if absent. */
  readonly agent?: Agent;
  /** @default 10000 */
  readonly timeoutMs?: number;
}

/** What came back; `status` 0 if nothing did, with the reason as text. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Asks; never rejects, since under attack no answer is a result too. */
export function ask(options: Ask): Promise<Answer> {
  const { port, address, path, token = null, body, agent, timeoutMs = 10_000 } = options;
  const headers: Record<string, string> = { ...options.headers };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) {
    headers['content-type'] ??= 'application/json';
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  return new Promise((resolve) => {
    const none = (reason: string) => resolve({ status: 0, headers: {}, text: reason });
    const method = options.method ?? (body === undefined ? 'GET' : 'POST');
    const sent = request({
      ...{ host: '127.0.0.1', port, path, method, headers },
      ...(agent === undefined ? { localAddress: address, agent: false } : { agent }),
    });
    const late = setTimeout(() => {
      none(`no answer within ${timeoutMs} ms`);
      sent.destroy();
    }, timeoutMs);
    sent.on('error', (error) => none(String(error)));
    sent.on('close', () => {
      clearTimeout(late);
      none('closed without an answer');
    });
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', (error) => none(String(error)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.end(body);
  });
}

/** Asks GraphQL by POST. */
export function askGraphql(
  route: Omit<Ask, 'path' | 'body'>,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  return ask({ ...route, path: '/graphql', body: JSON.stringify({ query, variables }) });
}

/** Connections that are kept and come from one address. */
export const keptConnections = (address: string, maxSockets = 32) =>
  new Agent({ keepAlive: true, maxSockets, localAddress: address });

/** A message of graphql-transport-ws. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A WebSocket of which everything that it says is known. */
export interface Line {
  readonly socket: WebSocket;
  /** Everything that came. */
  readonly messages: readonly Message[];
  /** Resolves with the close code; 0 if the upgrade was refused. */
  readonly closed: Promise<number>;
  send(message: unknown): void;
  /** The first message that fits, come already or not; null if the socket closes or the time is over before. */
  first(fits: (message: Message) => boolean, withinMs?: number): Promise<Message | null>;
}

/** Opens a WebSocket and says nothing; resolves once it is open or was refused. */
export async function openLine(
  { port, address }: Route,
  options: {
    readonly headers?: Record<string, string>;
    readonly onMessage?: (message: Message) => void;
  } = {},
): Promise<Line> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    localAddress: address,
    headers: options.headers ?? {},
    perMessageDeflate: false,
  });
  const messages: Message[] = [];
  const waiting = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of [...waiting]) wake();
  };
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message;
    if (options.onMessage === undefined) messages.push(message);
    else options.onMessage(message);
    wakeAll();
  });
  let isOpened = false;
  let isClosed = false;
  const closed = new Promise<number>((resolve) => {
    socket.once('close', (code) => {
      isClosed = true;
      resolve(isOpened ? code : 0);
      wakeAll();
    });
  });
  // What went wrong is told by the close.
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.once('open', () => {
      isOpened = true;
      resolve();
    });
    socket.once('close', () => resolve());
  });
  return {
    socket,
    messages,
    closed,
    send: (message) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    },
    first: (fits, withinMs = 10_000) =>
      new Promise((resolve) => {
        const end = (message: Message | null) => {
          clearTimeout(late);
          waiting.delete(look);
          resolve(message);
        };
        const late = setTimeout(() => end(null), withinMs);
        const look = () => {
          const found = messages.find(fits);
          if (found !== undefined || isClosed) end(found ?? null);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Opens a WebSocket and says who it is; resolves once that was answered or refused. */
export async function openAcknowledged(
  route: Route,
  token: string,
  onMessage?: (message: Message) => void,
): Promise<Line & { readonly isAcknowledged: boolean }> {
  let acknowledge: (() => void) | null = null;
  const acknowledged = new Promise<boolean>((resolve) => (acknowledge = () => resolve(true)));
  const line = await openLine(route, {
    onMessage: (message) => {
      if (message.type === 'connection_ack') acknowledge?.();
      onMessage?.(message);
    },
  });
  line.send({ type: 'connection_init', payload: { token } });
  const isAcknowledged = await Promise.race([acknowledged, line.closed.then(() => false)]);
  return { ...line, isAcknowledged };
}

/** A TCP connection that writes what it is told; never throws. Resolves once it is open or failed. */
export function openBytes({ port, address }: Route): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: address, noDelay: true });
    socket.on('error', () => socket.destroy());
    socket.once('connect', () => resolve(socket));
    socket.once('close', () => resolve(socket));
  });
}

/** The header lines of an upgrade. */
export const UPGRADE = [
  ...['GET /graphql HTTP/1.1', 'Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: websocket'],
  ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
  ...['Sec-WebSocket-Protocol: graphql-transport-ws', '', ''],
].join('\r\n');

/** A masked frame as a client sends it; the mask is zero, so that the payload is as it was given. */
export function frame(
  opcode: number,
  payload: Buffer | string,
  { isLast = true }: { readonly isLast?: boolean } = {},
): Buffer {
  const body = Buffer.from(payload);
  const first = (isLast ? 0x80 : 0) | opcode;
  if (body.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | body.length, 0, 0, 0, 0]), body]);
  const length = body.length < 65_536 ? Buffer.alloc(8) : Buffer.alloc(14);
  length[0] = first;
  if (body.length < 65_536) {
    length[1] = 0x80 | 126;
    length.writeUInt16BE(body.length, 2);
  } else {
    length[1] = 0x80 | 127;
    length.writeBigUInt64BE(BigInt(body.length), 2);
  }
  return Buffer.concat([length, body]);
}
