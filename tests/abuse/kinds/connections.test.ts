/** Kind 6: everything held by one. */
import { expect, onTestFinished, test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { UPGRADE, ask, frame, openAcknowledged, openBytes } from '../wire.js';
import type { Route } from '../wire.js';
import { startAttacked } from './support.js';

/** By default 20,000; what one address and one subject may have must follow it. */
const FEW = { MAX_CONNECTIONS: '200' };
const WATCH = 'subscription { ingestionProgress(projectId: "p", follow: true) { revision } }';

/** Whether somebody new is taken, with a token of its own. */
async function isTaken(route: Route, sub: string): Promise<boolean> {
  const line = await openAcknowledged(route, tokenFor({ sub }));
  onTestFinished(() => line.socket.terminate());
  return line.isAcknowledged;
}

/** Opens so many, one after the other; resolves with how many were taken. */
async function takeAll(count: number, route: (index: number) => Route, sub: (index: number) => string) {
  let taken = 0;
  for (let index = 0; index < count; index += 1) if (await isTaken(route(index), sub(index))) taken += 1;
  return taken;
}

test('one address, whatever its subjects, leaves room for a stranger', async () => {
  const { port } = await startAttacked(FEW);
  await takeAll(
    220,
    () => ({ port, address: '127.6.0.1' }),
    (index) => `mallory-${index}`,
  );
  expect(await isTaken({ port, address: '127.6.9.1' }, 'stranger')).toBe(true);
});

test('one subject, whatever its addresses, leaves room for a stranger', async () => {
  const { port } = await startAttacked(FEW);
  await takeAll(
    220,
    (index) => ({ port, address: `127.6.1.${index + 1}` }),
    () => 'mallory',
  );
  expect(await isTaken({ port, address: '127.6.9.1' }, 'stranger')).toBe(true);
});

test('one /64 of IPv6 leaves room for a stranger', async () => {
  const { port } = await startAttacked({ ...FEW, TRUSTED_PROXIES: '127.0.0.1' });
  const from = async (forwarded: string, sub: string) => {
    const socket = await openBytes({ port, address: '127.0.0.1' });
    onTestFinished(() => void socket.destroy());
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
    socket.write(UPGRADE.replace('Host:', `X-Forwarded-For: ${forwarded}\r\nHost:`));
    await expect.poll(() => heard.includes('101 ') || socket.destroyed).toBe(true);
    socket.write(
      frame(1, JSON.stringify({ type: 'connection_init', payload: { token: tokenFor({ sub }) } })),
    );
    await expect.poll(() => heard.includes('connection_ack') || heard.includes('\u0088')).toBe(true);
    return heard.includes('connection_ack');
  };
  for (let index = 1; index <= 220; index += 1)
    await from(`2001:db8:1:2::${index.toString(16)}`, `mallory-${index}`);
  expect(await from('2001:db8:9:9::1', 'stranger')).toBe(true);
});

test('event streams count as connections of their subject', async () => {
  const { port } = await startAttacked(FEW);
  const token = tokenFor({ sub: 'mallory', projects: ['p'] });
  const body = JSON.stringify({ query: WATCH });
  const statuses: string[] = [];
  for (let index = 0; index < 250; index += 1) {
    const socket = await openBytes({ port, address: `127.6.2.${(index % 200) + 1}` });
    onTestFinished(() => void socket.destroy());
    const status = new Promise<string>((resolve) =>
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1').slice(9, 12))),
    );
    socket.write(
      [
        ...[
          'POST /graphql HTTP/1.1',
          'Host: a',
          `Authorization: Bearer ${token}`,
          'Accept: text/event-stream',
        ],
        ...['Content-Type: application/json', `Content-Length: ${body.length}`, '', body],
      ].join('\r\n'),
    );
    statuses.push(await status);
  }
  // However the refusal is told, by status or by an error in the stream: not all of them may stand.
  const { text } = await ask({ port, address: '127.0.0.1', path: '/metrics' });
  const open = Number(/^ingestion_progress_subscriptions (\d+)$/m.exec(text)?.[1]);
  expect(statuses).toContain('429');
  expect(open).toBeLessThan(200);
});

test('sockets that say nothing, from an honest user’s own address, do not keep that user out', async () => {
  const { port } = await startAttacked(FEW);
  const address = '127.6.3.1';
  for (let index = 0; index < 300; index += 1) {
    const socket = await openBytes({ port, address });
    onTestFinished(() => void socket.destroy());
    socket.resume();
    socket.write(UPGRADE);
  }
  expect(await isTaken({ port, address }, 'anna')).toBe(true);
});

test('an office of 500 people behind one address comes in, by the defaults', async () => {
  const { port } = await startAttacked();
  const taken = await takeAll(
    500,
    () => ({ port, address: '127.6.4.1' }),
    (index) => `colleague-${index}`,
  );
  expect(taken).toBe(500);
});

test.each([
  ['203.0.113.7:51234', '203.0.113.7'],
  ['[2001:db8::7]:51234', '2001:db8::7'],
])('X-Forwarded-For with a port is understood: %s', async (forwarded, address) => {
  const target = await startAttacked({ TRUSTED_PROXIES: '127.0.0.1' });
  const headers = { 'x-forwarded-for': forwarded };
  await ask({ port: target.port, address: '127.0.0.1', path: '/api/projects/p/progress', headers });
  await expect.poll(() => target.log().some((line) => line.includes(`"from":"${address}"`))).toBe(true);
});
