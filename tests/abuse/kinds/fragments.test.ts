/** Kind 1: messages in very many fragments, from somebody who never says who it is. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { CONTAINER_BYTES } from '../harness.js';
import { UPGRADE, frame, openBytes } from '../wire.js';
import { startAttacked } from './support.js';

/** A socket that is upgraded and takes no part in a closing handshake; what is said on it is kept. */
async function upgrade(port: number): Promise<{ socket: Socket; heard: () => Buffer; gone: Promise<void> }> {
  const socket = await openBytes({ port, address: '127.1.0.1' });
  onTestFinished(() => void socket.destroy());
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
  const gone = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  socket.on('end', () => socket.destroy());
  socket.write(UPGRADE);
  await expect.poll(() => heard.includes('\r\n\r\n')).toBe(true);
  return { socket, heard: () => heard.subarray(heard.indexOf('\r\n\r\n') + 4), gone };
}

/** The code of the first close frame in bytes of the server's; null if there is none. */
function closeCodeIn(bytes: Buffer): number | null {
  const at = bytes.indexOf(0x88);
  return at === -1 ? null : bytes.readUInt16BE(at + 2);
}

const first = frame(1, '{', { isLast: false });
const more = (count: number) =>
  Buffer.concat(Array.from({ length: count }, () => frame(0, ' ', { isLast: false })));

test('250 silent sockets with 16,000 one-byte fragments each do no harm', async () => {
  const target = await startAttacked();
  const chunk = more(4_000);
  await Promise.all(
    Array.from({ length: 250 }, async () => {
      const socket = await openBytes({ port: target.port, address: '127.1.0.1' });
      onTestFinished(() => void socket.destroy());
      socket.resume();
      socket.write(Buffer.concat([Buffer.from(UPGRADE), first]));
      for (let part = 0; part < 4 && !socket.destroyed; part += 1)
        await new Promise<void>((resolve) => void socket.write(chunk, () => resolve()));
    }),
  );
  await target.expectUnharmed();
}, 90_000);

test('before the ack a socket is closed for its fragments, not first by the deadline of connection_init', async () => {
  const target = await startAttacked();
  const { socket, heard, gone } = await upgrade(target.port);
  socket.write(Buffer.concat([first, more(1_000)]));
  await Promise.race([gone, expect.poll(() => closeCodeIn(heard()), { timeout: 8_000 }).not.toBeNull()]);
  expect(closeCodeIn(heard())).not.toBe(4408);
});

test('a message that is begun and never ended is waited for as long as for a request', async () => {
  const environment = { REQUEST_TIMEOUT_MS: '1000', HEADERS_TIMEOUT_MS: '1000' };
  const target = await startAttacked(environment);
  const { socket, heard, gone } = await upgrade(target.port);
  socket.write(frame(1, JSON.stringify({ type: 'connection_init', payload: { token: tokenFor() } })));
  await expect.poll(() => heard().includes('connection_ack')).toBe(true);
  socket.write(first);
  // A client that lives, as its pongs tell.
  const pongs = setInterval(() => socket.write(frame(10, '')), 300);
  onTestFinished(() => clearInterval(pongs));
  expect(await Promise.race([gone.then(() => 'closed'), delay(10_000, 'still open')])).toBe('closed');
});

test('a client that ignores the close frame is let go within 3 s before the ack', async () => {
  const target = await startAttacked();
  const { socket, heard, gone } = await upgrade(target.port);
  socket.write(frame(1, 'rubbish'));
  await expect.poll(() => closeCodeIn(heard())).toBe(4400);
  expect(await Promise.race([gone.then(() => 'let go'), delay(3_000, 'still there')])).toBe('let go');
});

test.each(['a WebSocket message', 'an HTTP body'])(
  '%s of 250 kB that is begun and never ended, on each of 500 connections, is no more than can be kept',
  async (what) => {
    const target = await startAttacked();
    const token = tokenFor({ sub: 'mallory', projects: [] });
    const part = Buffer.alloc(62_500, ' ');
    const head = [
      ...['POST /graphql HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json'],
      ...[`Authorization: Bearer ${token}`, 'Content-Length: 262144', '', ''],
    ].join('\r\n');
    let open = 0;
    await Promise.all(
      Array.from({ length: 500 }, async () => {
        const socket = await openBytes({ port: target.port, address: '127.1.0.2' });
        onTestFinished(() => void socket.destroy());
        open += 1;
        socket.once('close', () => (open -= 1));
        if (what === 'an HTTP body') {
          socket.resume().write(head);
          for (let count = 0; count < 4; count += 1) socket.write(part);
          return;
        }
        let heard = '';
        socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
        socket.write(UPGRADE);
        socket.write(frame(1, JSON.stringify({ type: 'connection_init', payload: { token } })));
        await expect.poll(() => heard, { timeout: 30_000 }).toContain('connection_ack');
        socket.write(frame(1, part, { isLast: false }));
        for (let count = 1; count < 4; count += 1) socket.write(frame(0, part, { isLast: false }));
      }),
    );
    // A quarter of the heap has room for some 300 of them; what comes with the head of a request is not counted.
    await expect.poll(() => open, { timeout: 20_000 }).toBeLessThan(450);
    expect(target.ended()).toBeNull();
    expect(target.peakBytes()).toBeLessThan(CONTAINER_BYTES);
  },
  90_000,
);
