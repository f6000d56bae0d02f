/** Kind 4: short questions with very long answers, and answers that nobody reads. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createRandom } from '../../chaos/random.js';
import { tokenFor } from '../../support/tokens.js';
import { answers } from '../families/answers.js';
import { askGraphql, openAcknowledged, openBytes } from '../wire.js';
import { codeIn, startAttacked } from './support.js';
import type { Attacked } from './support.js';

const PROJECTS = ['fat-0', 'fat-1', 'fat-2', 'fat-3'];
const token = tokenFor({ sub: 'mallory', projects: PROJECTS });
/** 6 kB that ask for 90 results of 16 kB, 50 times over. */
const GREEDY = `{ ${Array.from(
  { length: 50 },
  (_, index) =>
    `a${index}: ingestions(projectId: "fat-${index % 4}", first: 100) { edges { node { id result { summary output } } } }`,
).join(' ')} }`;
const EVENTS = `{ ${Array.from(
  { length: 50 },
  (_, index) =>
    `a${index}: ingestionEvents(projectId: "fat-0", ingestionId: "fat-0-0", first: 500) { edges { node { type payload } } }`,
).join(' ')} }`;

/** Projects with as much to tell as may be told in 10 s. */
async function fill({ port }: Attacked): Promise<void> {
  const random = createRandom(1);
  const scene = { port, random, isOver: () => false, count: () => undefined };
  await answers.prepare?.(answers.draw(random), scene);
}

test.each([
  ['100 results', GREEDY],
  ['500 events', EVENTS],
])('a document that asks for %s 50 times costs too much, and is refused before it runs', async (_, query) => {
  const target = await startAttacked();
  await fill(target);
  const { text } = await askGraphql({ port: target.port, address: '127.4.0.1', token }, query);
  expect(codeIn(text)).toBe('BAD_USER_INPUT');
  expect(text.length).toBeLessThan(10_000);
});

test('100 operations on one socket, of which nobody reads the answers, do no harm', async () => {
  const target = await startAttacked();
  await fill(target);
  const line = await openAcknowledged({ port: target.port, address: '127.4.0.1' }, token);
  onTestFinished(() => line.socket.terminate());
  line.socket.pause();
  for (let id = 0; id < 100; id += 1)
    line.send({ id: String(id), type: 'subscribe', payload: { query: GREEDY } });
  await delay(8_000);
  await target.expectUnharmed();
}, 120_000);

test('answers over HTTP that nobody reads are waited for as long as for any slow consumer', async () => {
  const target = await startAttacked({ SLOW_CONSUMER_TIMEOUT_MS: '1000' });
  await fill(target);
  // One of a size that honest pages ask for too, but again and again on the same connection.
  const query = '{ ingestions(projectId: "fat-0", first: 20) { edges { node { id result { output } } } } }';
  const body = JSON.stringify({ query });
  const request = [
    ...['POST /graphql HTTP/1.1', 'Host: 127.0.0.1', `Authorization: Bearer ${token}`],
    ...['Content-Type: application/json', `Content-Length: ${body.length}`, '', body],
  ].join('\r\n');
  const socket = await openBytes({ port: target.port, address: '127.4.0.2' });
  onTestFinished(() => void socket.destroy());
  socket.pause();
  for (let times = 0; times < 100; times += 1) socket.write(request);
  // Whoever does not read hears of a reset only when it writes; a blank line before a request is allowed.
  await expect
    .poll(
      () => {
        if (!socket.destroyed) socket.write('\r\n');
        return socket.destroyed;
      },
      { timeout: 15_000, interval: 200 },
    )
    .toBe(true);
  await target.expectUnharmed();
}, 120_000);
