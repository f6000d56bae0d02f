/** Many watchers in one process: opens their sockets, records when each state arrives, and keeps the last one. */
import { WebSocket } from 'ws';
import type { Protocol } from '../peers/peer.js';
import { sharedNow } from '../harness/time.js';
import { CONVERSATIONS } from './protocols.js';

/** Options of a fleet. */
export interface FleetOptions {
  readonly protocol: Protocol;
  readonly url: string;
  readonly projectIds: readonly string[];
  /** The token of a watcher by its index; each belongs to another viewer. */
  readonly tokenOf: (index: number) => string;
}

/** What one watcher has received. */
export interface Watcher {
  readonly projectId: string;
  readonly socket: WebSocket;
  states: number;
  /** The sequence of the newest state; -1 before the first. */
  sequence: number;
  /** States older than one received before. */
  backward: number;
  last: Buffer | null;
}

/** Receipts since the last reset, in order. */
export interface Receipts {
  readonly projects: string[];
  readonly sequences: number[];
  /** The sequence that its watcher had before. */
  readonly previous: number[];
  /** Shared clock, ms. */
  readonly times: number[];
  bytes: number;
}

/** A fleet of watchers. */
export interface Fleet {
  readonly watchers: readonly Watcher[];
  readonly receipts: Receipts;
  readonly closed: () => number;
  /** Opens more watchers, spread evenly over the projects; resolves when each has received its first state. */
  open(count: number): Promise<void>;
  reset(): void;
  close(): void;
}

const MARK = Buffer.from('"itemsProcessed":');
/** Watchers that connect at the same time; more would run into a server's timeouts on a busy machine. */
const CONCURRENCY = 50;

/** The sequence in a serialized state: the running phase's `itemsProcessed`; 0 if it has none. */
export function sequenceIn(message: Buffer): number {
  let at = message.indexOf(MARK);
  if (at < 0) return 0;
  at += MARK.length;
  let value = 0;
  for (let digit = message[at] ?? 0; digit >= 48 && digit <= 57; digit = message[++at] ?? 0) {
    value = value * 10 + digit - 48;
  }
  return value;
}

/** Creates a fleet without watchers. */
export function createFleet({ protocol, url, projectIds, tokenOf }: FleetOptions): Fleet {
  const watchers: Watcher[] = [];
  const receipts: Receipts = { projects: [], sequences: [], previous: [], times: [], bytes: 0 };
  let closed = 0;

  const record = (watcher: Watcher, message: Buffer) => {
    const sequence = sequenceIn(message);
    watcher.states += 1;
    receipts.previous.push(watcher.sequence);
    if (sequence < watcher.sequence) watcher.backward += 1;
    else watcher.sequence = sequence;
    watcher.last = message;
    receipts.projects.push(watcher.projectId);
    receipts.sequences.push(sequence);
    receipts.times.push(sharedNow());
    receipts.bytes += message.length;
  };

  const openOne = (projectId: string, token: string) =>
    new Promise<void>((resolve, reject) => {
      const conversation = CONVERSATIONS[protocol](projectId, token);
      const socket = new WebSocket(url, protocol === 'graphql-ws' ? 'graphql-transport-ws' : [], {
        perMessageDeflate: false,
        skipUTF8Validation: true,
      });
      const watcher: Watcher = { projectId, socket, states: 0, sequence: -1, backward: 0, last: null };
      watchers.push(watcher);
      socket.on('open', () => {
        if (conversation.onOpen !== null) socket.send(conversation.onOpen);
      });
      socket.on('message', (message: Buffer) => {
        const reaction = conversation.onMessage(message);
        if (reaction === 'state') {
          record(watcher, message);
          if (watcher.states === 1) resolve();
        } else if (reaction !== null) socket.send(reaction.reply);
      });
      socket.on('error', reject);
      socket.on('close', (code, reason) => {
        closed += 1;
        reject(new Error(`Closed with ${code} ${reason.toString()}`));
      });
    });

  return {
    watchers,
    receipts,
    closed: () => closed,
    open: async (count) => {
      const first = watchers.length;
      let next = 0;
      const worker = async () => {
        while (next < count) {
          const index = first + next++;
          await openOne(projectIds[index % projectIds.length] ?? '', tokenOf(index));
        }
      };
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, worker));
    },
    reset: () => {
      receipts.projects.length = 0;
      receipts.sequences.length = 0;
      receipts.previous.length = 0;
      receipts.times.length = 0;
      receipts.bytes = 0;
    },
    close: () => {
      for (const { socket } of watchers) socket.terminate();
    },
  };
}
