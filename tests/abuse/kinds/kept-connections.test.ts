/** Kind 7: connections that a proxy keeps. Slow, since what is tested is idle time. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startNginx } from '../../deployment/nginx.js';
import { tokenFor } from '../../support/tokens.js';
import { askGraphql, openBytes } from '../wire.js';
import { startAttacked } from './support.js';

test('a kept connection that was idle for 8 s is still good, and by default for longer than nginx keeps it', async () => {
  const { port } = await startAttacked();
  const socket = await openBytes({ port, address: '127.7.0.2' });
  onTestFinished(() => void socket.destroy());
  const say = async () => {
    const heard = once(socket, 'data');
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    return String(((await heard) as [Buffer])[0]);
  };
  const answer = await say();
  expect(Number(/Keep-Alive: timeout=(\d+)/i.exec(answer)?.[1])).toBeGreaterThan(60);
  await delay(8_000);
  expect(socket.destroyed).toBe(false);
  expect(await say()).toContain('200 OK');
});

test('nginx, as it is shown, answers no 502 while load comes in waves', async () => {
  const { port } = await startAttacked({ TRUSTED_PROXIES: '127.0.0.1' });
  const nginx = await startNginx([port, port]);
  onTestFinished(() => nginx.dispose());
  const token = tokenFor();
  const statuses = new Set<number>();
  const post = async () => {
    const { status } = await askGraphql({ port: nginx.port, address: '127.7.0.4', token }, '{ serverTime }');
    statuses.add(status);
  };
  // A POST that was sent on is not repeated by nginx. The waves come as the servers let go of what idled for 5 s, by
  // Node's own time; each of their requests a little later than the one before.
  for (let wave = 0; wave < 5; wave += 1) {
    await Promise.all(Array.from({ length: 200 }, (_, index) => delay(index * 5).then(post)));
    await delay(4_800);
  }
  expect([...statuses]).toEqual([200]);
}, 120_000);
