/** Kind 11: what a client chooses, as the label of a metric and as the id of an operation. */
import { expect, onTestFinished, test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { ask, openAcknowledged, openLine } from '../wire.js';
import { startAttacked } from './support.js';

test('300 close codes of clients are a few time series', async () => {
  const { port } = await startAttacked();
  for (let code = 3_000; code < 3_300; code += 1) {
    const line = await openLine({ port, address: '127.11.0.1' });
    line.socket.close(code);
    await line.closed;
  }
  const { text } = await ask({ port, address: '127.0.0.1', path: '/metrics' });
  const series = text.split('\n').filter((line) => line.startsWith('ingestion_progress_closes_total{'));
  expect(series.length).toBeGreaterThan(0);
  expect(series.length).toBeLessThan(40);
});

test('an operation whose id is very long is refused, or its socket is', async () => {
  const { port } = await startAttacked();
  const line = await openLine({ port, address: '127.11.0.2' });
  onTestFinished(() => line.socket.terminate());
  line.send({ type: 'connection_init', payload: { token: tokenFor() } });
  await line.first(({ type }) => type === 'connection_ack');
  const id = 'i'.repeat(10_000);
  const query = 'subscription { ingestionProgress(projectId: "p", follow: true) { revision } }';
  line.send({ id, type: 'subscribe', payload: { query } });
  const answer = await Promise.race([
    line.first((message) => message.id !== undefined).then((message) => message?.type),
    line.closed,
  ]);
  expect(['error', 4400, 1009]).toContain(answer);
});

test('500 operations with ids of 250 kB do no harm', async () => {
  const target = await startAttacked();
  const query = 'subscription { ingestionProgress(projectId: "p", follow: true) { revision } }';
  for (let index = 0; index < 10; index += 1) {
    const route = { port: target.port, address: '127.11.0.3' };
    const line = await openAcknowledged(route, tokenFor({ sub: 'mallory' }));
    onTestFinished(() => line.socket.terminate());
    for (let id = 0; id < 50; id += 1)
      line.send({ id: `${id}${'i'.repeat(250_000)}`, type: 'subscribe', payload: { query } });
  }
  await target.expectUnharmed();
}, 90_000);
