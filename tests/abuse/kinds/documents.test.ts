/** Kind 2: documents that are remembered. */
import { expect, onTestFinished, test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { askGraphql, keptConnections, openAcknowledged } from '../wire.js';
import { codeIn, startAttacked } from './support.js';

const token = tokenFor({ sub: 'mallory', projects: [] });

/** Sends so many documents, from one address, as fast as they are answered. */
async function sendAll(port: number, count: number, textOf: (index: number) => string): Promise<void> {
  const agent = keptConnections('127.2.0.1', 8);
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < count) {
        next += 1;
        await askGraphql({ port, address: '', agent, token }, textOf(next));
      }
    }),
  );
  agent.destroy();
}

test('257 refused documents of 3.9 kB, with a token for no project, are not kept', async () => {
  const target = await startAttacked();
  await sendAll(target.port, 257, (index) => `query Q${index} { ${'a '.repeat(1_940)} }`);
  await target.expectUnharmed();
}, 120_000);

test('500 valid documents of 7 kB are kept within a bound of bytes', async () => {
  const target = await startAttacked();
  await sendAll(target.port, 500, (index) => `query Q${index} { ${'serverTime '.repeat(600)} }`);
  await target.expectUnharmed();
}, 120_000);

test('400 subscriptions that are open, each by a document of its own, are kept within a bound of bytes', async () => {
  // All of its CPU, as ten subjects would have it: what is bounded is memory.
  const target = await startAttacked({ MAX_CPU_MS_PER_VIEWER: '10000' });
  const watching = tokenFor({ sub: 'mallory', projects: ['p'] });
  const many = '... @include(if: true) { revision } '.repeat(175);
  const codes = new Map<string, number>();
  for (let connection = 0; connection < 8; connection += 1) {
    let answers = 0;
    const route = { port: target.port, address: '127.2.0.2' };
    const line = await openAcknowledged(route, watching, (message) => {
      if (message.type !== 'next' && message.type !== 'error') return;
      answers += 1;
      const code = codeIn(JSON.stringify(message)) ?? 'watching';
      codes.set(code, (codes.get(code) ?? 0) + 1);
    });
    onTestFinished(() => line.socket.terminate());
    for (let index = 0; index < 50; index += 1) {
      const query = `subscription Q${connection}x${index} { ingestionProgress(projectId: "p", follow: true) { ${many} } }`;
      line.send({ id: String(index), type: 'subscribe', payload: { query } });
    }
    await expect.poll(() => answers, { timeout: 30_000 }).toBeGreaterThanOrEqual(50);
  }
  expect(codes.get('RATE_LIMITED') ?? 0, JSON.stringify([...codes])).toBeGreaterThan(300);
  await target.expectUnharmed();
}, 120_000);
