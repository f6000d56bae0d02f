/** Kind 8: what a client can make the log, or a terminal, say. */
import { spawn } from 'node:child_process';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { tokenFor } from '../../support/tokens.js';
import { judgeLog } from '../harness.js';
import { ask, askGraphql, openAcknowledged, openLine } from '../wire.js';
import { startAttacked } from './support.js';

/** C0 but for what ends a line, C1, and the signs that turn text round. */

const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

test('1,000 operations that are FORBIDDEN on one socket are a few lines', async () => {
  const target = await startAttacked();
  const refused = { count: 0 };
  const token = tokenFor({ sub: 'mallory', projects: [] });
  const line = await openAcknowledged({ port: target.port, address: '127.8.0.1' }, token, ({ type }) => {
    if (type === 'next' || type === 'error') refused.count += 1;
  });
  onTestFinished(() => line.socket.terminate());
  for (let sent = 0; sent < 1_000; sent += 50) {
    for (let id = sent; id < sent + 50; id += 1) {
      const query = `{ progress(projectId: "not-mine-${id}") { id } }`;
      line.send({ id: String(id), type: 'subscribe', payload: { query } });
    }
    await Promise.race([
      expect.poll(() => refused.count, { timeout: 20_000 }).toBeGreaterThanOrEqual(sent + 50),
      line.closed,
    ]);
  }
  expect(judgeLog(target.lines, 60_000)).toEqual([]);
});

test('500 requests without a token are a few lines', async () => {
  const target = await startAttacked();
  const path = '/api/projects/p/progress';
  for (let times = 0; times < 10; times += 1)
    await Promise.all(
      Array.from({ length: 50 }, () => ask({ port: target.port, address: '127.8.0.2', path })),
    );
  expect(judgeLog(target.lines, 60_000)).toEqual([]);
});

test('500 upgrades from a foreign page with an Origin of 9 kB are a few short lines', async () => {
  const target = await startAttacked();
  const headers = { origin: `https://evil.example/${'x'.repeat(9_000)}` };
  for (let times = 0; times < 10; times += 1)
    await Promise.all(
      Array.from({ length: 50 }, () => openLine({ port: target.port, address: '127.8.0.3' }, { headers })),
    );
  expect(judgeLog(target.lines, 60_000)).toEqual([]);
});

test('what a client chooses has no control characters in the log', async () => {
  const target = await startAttacked();
  const sub = 'a\u202eb\u0007c\u009bd\u2066e';
  const token = tokenFor({ sub, projects: [] });
  await askGraphql({ port: target.port, address: '127.8.0.4', token }, '{ progress(projectId: "p") { id } }');
  const line = await openLine(
    { port: target.port, address: '127.8.0.4' },
    { headers: { origin: 'a\u009bb' } },
  );
  await line.closed;
  await expect.poll(() => target.log().some((text) => text.includes('FORBIDDEN'))).toBe(true);
  expect(target.log().filter((text) => CONTROLS.test(text))).toEqual([]);
});

test('`watch --json` prints no control characters of a job', async () => {
  const target = await startAttacked();
  const token = tokenFor({ scope: 'progress:write' });
  const say = (name: string, type: string, input: object) =>
    askGraphql(
      { port: target.port, address: '127.8.0.5', token },
      `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`,
      { input: { projectId: 'p', ingestionId: 'i', ...input } },
    );
  await say('startIngestion', 'StartIngestionInput', {});
  const message = 'a\u202eb\u009b2Jc\u2066d';
  await say('reportPhaseStarted', 'ReportPhaseStartedInput', { phase: 1, message });
  await say('completeIngestion', 'CompleteIngestionInput', { result: { summary: message } });
  const main = fileURLToPath(new URL('../../../widget/dist/terminal/main.js', import.meta.url));
  const endpoint = `http://127.0.0.1:${target.port}/graphql`;
  const child = spawn(process.execPath, [main, 'watch', 'p', '--endpoint', endpoint, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], INGESTION_PROGRESS_TOKEN: token },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const printed = await textOf(child.stdout);
  expect(printed).toContain('COMPLETED');
  expect(CONTROLS.test(printed)).toBe(false);
});
