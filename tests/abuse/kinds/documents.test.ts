/** Kind 2: documents that are remembered. */
import { test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { askGraphql, keptConnections } from '../wire.js';
import { startAttacked } from './support.js';

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
