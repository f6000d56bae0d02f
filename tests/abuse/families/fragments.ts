/** Messages that never end: very many fragments on very many sockets, before or after the token was taken. */
import type { Socket } from 'node:net';
import { tokenFor } from '../../support/tokens.js';
import { byTurns, drawAddresses, drawSize, hold } from '../family.js';
import type { Family } from '../family.js';
import { UPGRADE, frame, openBytes } from '../wire.js';

interface Plan {
  readonly sockets: number;
  /** Of one message. */
  readonly fragments: number;
  /** Of one fragment. */
  readonly bytes: number;
  /** After the ack, with a token that covers no project; else connection_init never comes. */
  readonly isAcknowledged: boolean;
  readonly isBinary: boolean;
  /** Pings between the fragments, which show that the client lives. */
  readonly hasPings: boolean;
  /** What comes after the fragments: nothing, the last one and a message like it, or a close frame that is not waited for. */
  readonly then: 'nothing' | 'again' | 'close';
  readonly addresses: readonly string[];
}

/** Bytes of one attack on the wire. */
const MOST_BYTES = 40_000_000;

/** True if the bytes were taken and the socket lives. */
async function write(socket: Socket, bytes: Buffer): Promise<boolean> {
  if (socket.destroyed) return false;
  if (!socket.write(bytes)) {
    // Not events.once, which rejects with the reset that is to be expected here.
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off('drain', go).off('close', go);
        resolve();
      };
      socket.once('drain', go).once('close', go);
    });
  }
  return !socket.destroyed;
}

/** Waits for what is said next, the ack for one; false if the socket ends before. */
function heard(socket: Socket, what: string): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    const look = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes(what)) resolve(true);
    };
    socket.on('data', look);
    socket.once('close', () => resolve(false));
  });
}

/** Fragments. */
export const fragments: Family<Plan> = {
  name: 'fragments',
  draw: (random) => {
    const sockets = drawSize(random, 10, 300);
    const bytes = random.pick([0, 1, 1, 2, 16, 125, 1_000]);
    const most = Math.floor(MOST_BYTES / sockets / (bytes + 6));
    return {
      sockets,
      bytes,
      fragments: Math.min(most, drawSize(random, 200, 20_000)),
      isAcknowledged: random.pick([false, true]),
      isBinary: random.pick([false, true]),
      hasPings: random.pick([false, true]),
      then: random.pick(['nothing', 'nothing', 'again', 'close']),
      addresses: drawAddresses(random, 50),
    };
  },
  attack: async (plan, scene) => {
    const body = Buffer.alloc(plan.bytes, 'x');
    const part = Buffer.concat([frame(0, body, { isLast: false }), ...(plan.hasPings ? [frame(9, '')] : [])]);
    const atOnce = Math.max(1, Math.floor(16_384 / part.length));
    const chunk = Buffer.concat(Array.from({ length: atOnce }, () => part));
    const first = frame(plan.isBinary ? 2 : 1, body, { isLast: false });
    const init = JSON.stringify({ type: 'connection_init', payload: { token: tokenFor({ projects: [] }) } });

    const one = async (index: number) => {
      const socket = await openBytes({ port: scene.port, address: byTurns(plan.addresses, index) });
      const isOpen = heard(socket, '101 Switching');
      socket.write(UPGRADE);
      if (!(await isOpen)) return scene.count('refused');
      if (plan.isAcknowledged) {
        const isTaken = heard(socket, 'connection_ack');
        socket.write(frame(1, init));
        if (!(await isTaken)) return scene.count('not acknowledged');
      }
      // What the server says, its close frame too, is taken and ignored.
      socket.resume();
      do {
        let isAlive = await write(socket, first);
        for (let sent = 0; isAlive && sent < plan.fragments && !scene.isOver(); sent += atOnce)
          isAlive = await write(socket, chunk);
        if (!isAlive) return scene.count('cut off');
        if (plan.then === 'again') await write(socket, frame(0, '}', { isLast: true }));
      } while (plan.then === 'again' && !scene.isOver());
      if (plan.then === 'close') await write(socket, frame(8, Buffer.from([3, 232])));
      scene.count('all sent');
    };
    // Each socket that is cut off is opened anew, a few times.
    const total = 4 * plan.sockets;
    let next = 0;
    await Promise.all(
      Array.from({ length: plan.sockets }, async () => {
        while (!scene.isOver() && next < total) await one((next += 1));
      }),
    );
    await hold(scene);
  },
};
