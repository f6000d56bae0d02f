/** A WebSocket that says what a test tells it to, well formed or not. */
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { createInbox } from './inbox.js';
import type { Inbox } from './inbox.js';

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface RawSocket {
  readonly socket: WebSocket;
  readonly messages: Inbox<Message>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  send(message: unknown): void;
  /** Says who it is, and waits for the ack. */
  init(token: string): Promise<Message>;
}

/** Opens a socket; resolves once it is open, rejects with the HTTP status where the upgrade was refused. */
export async function openRaw(
  url: string,
  options: ClientOptions = {},
  protocol: string | null = 'graphql-transport-ws',
): Promise<RawSocket> {
  const socket = new WebSocket(url, protocol ?? [], options);
  const messages = createInbox<Message>('messages');
  onTestFinished(() => socket.terminate());
  socket.on('message', (data) => messages.put(JSON.parse(String(data)) as Message));
  const closed = new Promise<number>((resolve) => void socket.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, { statusCode }) => reject(new Error(`HTTP ${statusCode}`)));
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  const send = (message: unknown) =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return {
    socket,
    messages,
    closed,
    send,
    init: (token) => {
      send({ type: 'connection_init', payload: { token } });
      return messages.next();
    },
  };
}
