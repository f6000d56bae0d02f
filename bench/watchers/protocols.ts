/**
 * The client side of each protocol: what a watcher sends, and which messages are states. Minimal, so that the load
 * generator costs about the same with every subject.
 */
import { randomUUID } from 'node:crypto';
import { WatchProgressDocument } from '@ingestion-progress/schema/operations';
import type { Protocol } from '../peers/peer.js';

/** The client side of one connection. */
export interface Conversation {
  readonly onOpen: string | null;
  /** 'state' if the message contains one, a reply to send, or null. */
  onMessage(message: Buffer): 'state' | { readonly reply: string } | null;
}

/** Creates the client side of a protocol. */
export type Converse = (projectId: string, token: string) => Conversation;

const QUERY = WatchProgressDocument.toString();
const STATE: unique symbol = Symbol('state');
type Reaction = typeof STATE | string | null;

function conversation(onOpen: string | null, react: (message: Buffer) => Reaction): Conversation {
  return {
    onOpen,
    onMessage: (message) => {
      const reaction = react(message);
      if (reaction === STATE) return 'state';
      return reaction === null ? null : { reply: reaction };
    },
  };
}

const raw: Converse = (projectId, token) =>
  conversation(JSON.stringify({ watch: projectId, token }), () => STATE);

/** Engine.IO 4 and Socket.IO 5 packets, as socket.io-protocol describes them. */
const socketIo: Converse = (projectId, token) =>
  conversation(null, (message) => {
    const text = message.toString('latin1', 0, 12);
    if (text.startsWith('42["progress')) return STATE;
    if (text.startsWith('0')) return `40${JSON.stringify({ token })}`;
    if (text.startsWith('40')) return `42${JSON.stringify(['watch', projectId])}`;
    if (text.startsWith('2')) return '3';
    if (text.startsWith('44')) throw new Error(`Rejected: ${message.toString()}`);
    return null;
  });

/** graphql-transport-ws with a random id per subscription, like the stock client. */
const graphqlWs: Converse = (projectId, token) =>
  conversation(JSON.stringify({ type: 'connection_init', payload: { token } }), (message) => {
    const text = message.toString('latin1', 0, 80);
    if (text.includes('"type":"next"')) return STATE;
    if (text.includes('"type":"connection_ack"')) {
      const variables = { projectId, follow: true };
      return JSON.stringify({ id: randomUUID(), type: 'subscribe', payload: { query: QUERY, variables } });
    }
    if (text.includes('"type":"ping"')) return '{"type":"pong"}';
    if (text.includes('"type":"error"')) throw new Error(`Rejected: ${message.toString()}`);
    return null;
  });

/** The conversation of each protocol. */
export const CONVERSATIONS: Readonly<Record<Protocol, Converse>> = Object.freeze({
  raw,
  'socket.io': socketIo,
  'graphql-ws': graphqlWs,
});

/** The event in a state message, as an object with `progress`. */
export function eventIn(protocol: Protocol, message: string): unknown {
  if (protocol === 'raw') return JSON.parse(message);
  if (protocol === 'socket.io') return (JSON.parse(message.slice(2)) as readonly unknown[])[1];
  const parsed = JSON.parse(message) as {
    readonly payload: { readonly data: { readonly ingestionProgress: unknown } };
  };
  return parsed.payload.data.ingestionProgress;
}
