import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDaemon, type Daemon } from '../../support/daemon.js';
import { SECRET, tokenFor } from '../../widget/support/real-server.js';
import { createBrowserHarness, type BrowserHarness } from './support/browser.js';
import { shows } from './support/fixture.js';

let bench: BrowserHarness;
let server: Daemon;
const root = new URL('../../../', import.meta.url).pathname;

beforeAll(async () => {
  bench = await createBrowserHarness();
  server = await createDaemon({
    name: 'client-restart',
    program: '/usr/bin/env',
    arguments: (port, directory) => [
      `PORT=${String(port)}`,
      `DATA_DIR=${directory}/data`,
      `JWT_SECRET=${SECRET}`,
      'CORS_ORIGINS=*',
      'LOG_LEVEL=error',
      process.execPath,
      '--conditions=source',
      '--import',
      `${root}node_modules/tsx/dist/loader.mjs`,
      `${root}server/main.ts`,
    ],
  });
  await server.start();
});
afterAll(async () => {
  await server.dispose();
  await bench[Symbol.asyncDispose]();
});

/** One report of a job elsewhere. */
async function report(mutation: string, input: Readonly<Record<string, unknown>>): Promise<void> {
  const type = `${mutation[0]?.toUpperCase() ?? ''}${mutation.slice(1)}Input`;
  const response = await fetch(`http://127.0.0.1:${String(server.port)}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${tokenFor({ scope: 'progress:write' })}`,
    },
    body: JSON.stringify({
      query: `mutation ($input: ${type}!) { ${mutation}(input: $input) { progress { id } } }`,
      variables: { input: { projectId: 'p1', ingestionId: 'run-1', ...input } },
    }),
  });
  expect(await response.json()).not.toHaveProperty('errors');
}

it('a server that was killed and started again: the bar stays, the badge shows it, and the run continues', async () => {
  const page = await bench.open({ clock: true });
  await report('startIngestion', {});
  await report('reportPhaseStarted', { phase: 1, message: 'Reading' });
  await report('reportPhaseStarted', { phase: 2, message: 'Extracting' });
  const seen = await page.follow({
    endpoint: `http://127.0.0.1:${String(server.port)}/graphql`,
    projectId: 'p1',
    token: tokenFor({ expiresInSeconds: 3_600 }),
    jitter: 0,
  });
  await seen.until(shows(25));
  await seen.reaches('connected');
  await server.kill();
  await seen.reaches('reconnecting 0 waiting');
  await page.advance(1_000);
  await seen.reaches('reconnecting 1 waiting');
  await server.start();
  await report('reportPhaseStarted', { phase: 3, message: 'Thinking' });
  await page.advanceUntil(seen, 'connected', 10_000);
  await seen.until(shows(50));
  await seen.reaches('connected');
  expect(seen.states).toEqual([
    'connecting',
    'connected',
    'reconnecting 0 waiting',
    'reconnecting 1',
    'reconnecting 1 waiting',
    'reconnecting 2',
    'connected',
  ]);
  expect(seen.percents).toEqual([25, 50]);
  expect(seen.events).toEqual(['phase-started 3']);

  // Long enough to count as healthy: a new budget.
  await page.advance(5_000);
  await server.stop();
  await seen.reaches('reconnecting 0 waiting');
  await server.start();
  await page.advanceUntil(seen, 'connected', 30_000);
  expect(seen.percents).toEqual([25, 50]);
  expect(page.errors).toEqual([]);
  await page.context.close();
}, 120_000);
