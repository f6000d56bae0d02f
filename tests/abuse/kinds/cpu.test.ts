/** Kind 5: work that one viewer makes the server do. */
import { expect, test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { askGraphql, keptConnections } from '../wire.js';
import { codeIn, startAttacked } from './support.js';
import type { Attacked } from './support.js';

const token = tokenFor({ sub: 'mallory', projects: ['p'], scope: 'progress:write ingestion:control' });

/** Asks so many times, eight at once; resolves with how often each code came, and the CPU that all of it took. */
async function askMany(
  target: Attacked,
  count: number,
  textOf: (index: number) => readonly [string, Record<string, unknown>?],
  atOnce = 8,
): Promise<{ readonly codes: Readonly<Record<string, number>>; readonly cpuMs: number }> {
  const agent = keptConnections('127.5.0.1', atOnce);
  const codes: Record<string, number> = {};
  const cpuBefore = target.cpuMs();
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        next += 1;
        const route = { port: target.port, address: '', agent, token, timeoutMs: 30_000 };
        const { text } = await askGraphql(route, ...textOf(next));
        const code = codeIn(text) ?? 'answered';
        codes[code] = (codes[code] ?? 0) + 1;
      }
    }),
  );
  agent.destroy();
  return { codes, cpuMs: target.cpuMs() - cpuBefore };
}

const mutate = (target: Attacked, text: string, input: Record<string, unknown>) =>
  askGraphql({ port: target.port, address: '127.5.0.2', token }, text, { input });
const start = (target: Attacked, ingestionId: string) =>
  mutate(
    target,
    'mutation ($input: StartIngestionInput!) { startIngestion(input: $input) { progress { id } } }',
    { projectId: 'p', ingestionId, cancellable: true },
  );
const fail = (target: Attacked, ingestionId: string) =>
  mutate(target, 'mutation ($input: FailIngestionInput!) { failIngestion(input: $input) { accepted } }', {
    projectId: 'p',
    ingestionId,
    errorCode: 'OOPS',
    message: 'The source is gone.',
    recoverable: false,
  });
const command = (name: string): readonly [string, Record<string, unknown>] => [
  `mutation ($p: ID!, $i: ID!) { ${name}(projectId: $p, ingestionId: $i) { id status } }`,
  { p: 'p', i: 'i' },
];

test.each([
  ['valid', (index: number) => `query Q${index} { ${'serverTime '.repeat(1_900)} }`],
  ['refused', (index: number) => `query Q${index} { viewer { ${'subjekt '.repeat(850)} } }`],
])('100 %s documents of repeated fields in a burst are RATE_LIMITED at some point', async (_, textOf) => {
  const target = await startAttacked();
  const { codes, cpuMs } = await askMany(target, 100, (index) => [textOf(index)]);
  expect(codes['RATE_LIMITED'] ?? 0, JSON.stringify({ codes, cpuMs })).toBeGreaterThan(0);
});

test('acknowledgeCommand with an id that was made up costs less than 4 ms, or is RATE_LIMITED', async () => {
  const target = await startAttacked();
  // Five ingestions, with as much in their logs as commands may put there.
  for (const id of ['a', 'b', 'c', 'd', 'i']) {
    await start(target, id);
    await fail(target, id);
    await askMany(target, 200, () => [command('retryIngestion')[0], { p: 'p', i: id }], 200);
  }
  const text = `mutation ($input: AcknowledgeCommandInput!) { acknowledgeCommand(input: $input) { id } }`;
  const { codes, cpuMs } = await askMany(target, 300, (index) => [
    text,
    { input: { projectId: 'p', commandId: `made-up-${index}`, accepted: true } },
  ]);
  const isBounded = (codes['RATE_LIMITED'] ?? 0) > 0 || cpuMs / 300 < 4;
  expect(isBounded, JSON.stringify({ codes, cpuMs })).toBe(true);
}, 120_000);

test.each(['retryIngestion', 'cancelIngestion'])(
  '300 of %s from one viewer are mostly RATE_LIMITED',
  async (name) => {
    const target = await startAttacked();
    await start(target, 'i');
    if (name === 'retryIngestion') await fail(target, 'i');
    const { codes } = await askMany(target, 300, () => command(name), 300);
    expect(codes['RATE_LIMITED'] ?? 0, JSON.stringify(codes)).toBeGreaterThan(200);
  },
);

test('commands never push the start and the error out of the log that explains them', async () => {
  const target = await startAttacked();
  await start(target, 'i');
  await fail(target, 'i');
  // Two entries each: more than the 500 that are kept of an ingestion.
  await askMany(target, 400, () => command('retryIngestion'), 200);
  const { text } = await askGraphql(
    { port: target.port, address: '127.5.0.2', token: tokenFor({ sub: 'anna', projects: ['p'] }) },
    '{ ingestionEvents(projectId: "p", ingestionId: "i", first: 500) { edges { node { type } } } }',
  );
  expect(text).toContain('"ingestion_started"');
  expect(text).toContain('"error"');
});
