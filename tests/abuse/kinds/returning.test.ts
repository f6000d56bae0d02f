/** Kind 3: honest watchers whose tokens expire while the server is away, and neighbours of somebody who is refused. */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { expect, onTestFinished, test } from 'vitest';
import { createConnection, createEnvironment, createIngestionClient } from '../../../widget/client/index.js';
import { createServerProcess } from '../../support/server-process.js';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import { tokenFor } from '../../support/tokens.js';
import { ask, askGraphql, openLine } from '../wire.js';
import { codeIn, startAttacked } from './support.js';

/** Our own clients, each with a connection of its own. */
function startClients(count: number, endpoint: string, getToken: (sub: string) => Promise<string>) {
  const clients = Array.from({ length: count }, (_, index) => {
    const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
    const connection = createConnection(
      { endpoint, getToken: () => getToken(`viewer-${index}`) },
      { environment },
    );
    const client = createIngestionClient({ projectId: 'p', connection, follow: true, remember: 'none' });
    const stop = client.subscribe(() => undefined);
    return {
      state: () => client.getSnapshot().connection.state,
      dispose: () => {
        stop();
        client.dispose();
        connection.dispose();
      },
    };
  });
  onTestFinished(() => clients.forEach((client) => client.dispose()));
  return () => clients.filter((client) => client.state() === 'connected').length;
}

/** How a fresh token is come by after the outage. */
const TOKEN_SOURCES = {
  'answers at once': () => Promise.resolve(),
  'takes 2 s': () => delay(2_000),
  'fails for 10 s': (sinceMs: number) =>
    sinceMs < 10_000 ? Promise.reject(new Error('The login is away.')) : Promise.resolve(),
} satisfies Record<string, (sinceMs: number) => Promise<unknown>>;

// 1,000 take a core for a minute: by hand, with ABUSE_CROWD=1.
const crowds = process.env['ABUSE_CROWD'] === undefined ? [60] : [60, 1_000];
const cases = crowds.flatMap((count) =>
  (Object.keys(TOKEN_SOURCES) as (keyof typeof TOKEN_SOURCES)[]).map((source) => ({ count, source })),
);

test.each(cases)(
  '$count clients at one address, whose tokens ran out in an outage, are all back within 30 s; getToken $source',
  async ({ count, source }) => {
    const folder = createTemporaryDirectory();
    onTestFinished(() => folder.delete());
    const server = await createServerProcess({ DATA_DIR: folder.path, LOG_LEVEL: 'warn' });
    onTestFinished(() => server.dispose());
    await server.start();
    // As long as all of them need to connect; then they renew, and have long ones, unless the server is away.
    const shortS = 10 + Math.ceil(count / 50);
    const expiresAt = Date.now() + shortS * 1_000;
    let backAt = Number.POSITIVE_INFINITY;
    const connected = startClients(count, `http://127.0.0.1:${server.port}/graphql`, async (sub) => {
      const isFirst = Date.now() < expiresAt;
      if (!isFirst) await TOKEN_SOURCES[source](Date.now() - backAt);
      const seconds = isFirst ? Math.max(1, Math.round((expiresAt - Date.now()) / 1_000)) : 3_600;
      return tokenFor({ sub, expiresInSeconds: seconds });
    });
    await expect.poll(connected, { timeout: shortS * 1_000 }).toBe(count);
    // A short outage, in which all of them expire.
    await delay(Math.max(0, expiresAt - 3_000 - Date.now()));
    await server.kill();
    await delay(Math.max(0, expiresAt + 1_000 - Date.now()));
    await server.start();
    backAt = Date.now();
    await expect.poll(connected, { timeout: 30_000, interval: 200 }).toBe(count);
    console.log(`${count} clients, getToken ${source}: back after ${Date.now() - backAt} ms`);
  },
  150_000,
);

test('an address from which a stranger was refused 40 times still serves those with a good signature', async () => {
  const target = await startAttacked();
  const address = '127.3.0.1';
  const route = { port: target.port, address };
  await Promise.all(
    Array.from({ length: 40 }, () => ask({ ...route, path: '/api/projects/p/progress', token: 'rubbish' })),
  );
  const expired = tokenFor({ sub: 'anna', expiresInSeconds: -60 });
  const rest = await ask({ ...route, path: '/api/projects/p/progress', token: expired });
  expect(codeIn(rest.text)).toBe('TOKEN_EXPIRED');

  const line = await openLine(route);
  line.send({ type: 'connection_init', payload: { token: expired } });
  expect(await line.closed).toBe(4403);

  const foreign = await askGraphql(
    { ...route, token: tokenFor({ sub: 'anna', projects: ['mine'] }) },
    '{ progress(projectId: "other") { id } }',
  );
  expect(codeIn(foreign.text)).toBe('FORBIDDEN');
  // The stranger is braked, still.
  const stranger = await ask({ ...route, path: '/api/projects/p/progress', token: 'rubbish' });
  expect(codeIn(stranger.text)).toBe('RATE_LIMITED');
});

test('expired tokens and FORBIDDEN with a good signature are not what an address is braked for', async () => {
  const target = await startAttacked();
  const route = { port: target.port, address: '127.3.0.2' };
  const expired = tokenFor({ sub: 'anna', expiresInSeconds: -60 });
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => ask({ ...route, path: '/api/projects/p/progress', token: expired })),
  );
  expect(new Set(answers.map(({ text }) => codeIn(text)))).toEqual(new Set(['TOKEN_EXPIRED']));
});
