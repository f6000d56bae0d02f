/** Kind 15: a process that could not read for a while, through no fault of its clients. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { openLine } from '../wire.js';
import { startAttacked } from './support.js';

test('clients whose connection_init came while the process was held for 3.5 s are acknowledged', async () => {
  const target = await startAttacked();
  const lines = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      openLine({ port: target.port, address: `127.15.0.${index + 1}` }),
    ),
  );
  onTestFinished(() => lines.forEach(({ socket }) => socket.terminate()));
  target.process.kill('SIGSTOP');
  for (const line of lines) line.send({ type: 'connection_init', payload: { token: tokenFor() } });
  await delay(3_500);
  target.process.kill('SIGCONT');
  const outcomes = await Promise.all(
    lines.map((line) =>
      Promise.race([
        line.first(({ type }) => type === 'connection_ack').then((ack) => ack?.type),
        line.closed,
      ]),
    ),
  );
  expect(new Set(outcomes)).toEqual(new Set(['connection_ack']));
});

test('a client that says nothing is closed with 4408, also after such a pause', async () => {
  const target = await startAttacked();
  const line = await openLine({ port: target.port, address: '127.15.1.1' });
  onTestFinished(() => line.socket.terminate());
  target.process.kill('SIGSTOP');
  await delay(1_000);
  target.process.kill('SIGCONT');
  expect(await line.closed).toBe(4408);
});
