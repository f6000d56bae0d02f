/** The stock graphql-ws client against a real server: what it gets, and how it is refused. */
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { RunningServer } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

const past = () => Math.floor(Date.now() / 1_000) - 10;

async function ingest({ server: { emitter } }: RunningServer, projectId = 'p1'): Promise<void> {
  await emitter.emitPhaseStarted(projectId, 1, 'Looking');
  emitter.emitProgressUpdate(projectId, 1, 50, { itemsProcessed: 5, itemsTotal: 10 });
  await emitter.emitPhaseStarted(projectId, 2, 'Reading');
  await emitter.emitComplete(projectId, { itemsProcessed: 10, itemsFailed: 0 });
}

describe('a stock graphql-ws client', () => {
  it('gets a snapshot, each event in order, and the end', async () => {
    const running = await startTestServer();
    const watch = watchStock(connectStock(running.wsUrl, { token: tokenFor() }), 'p1');
    expect(await watch.events.next()).toMatchObject({
      __typename: 'ProgressSnapshot',
      revision: 0,
      progress: null,
    });
    await ingest(running);
    expect(await watch.ended).toBe('completed');
    const told = watch.events.all;
    expect(told.map((event) => event.__typename)).toEqual([
      'ProgressSnapshot',
      'ProgressSnapshot',
      'PhaseStarted',
      'ProgressUpdate',
      'PhaseStarted',
      'IngestionComplete',
    ]);
    const revisions = told.map((event) => event.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(told.at(-1)?.progress).toMatchObject({ status: 'COMPLETED', progressPercent: 100 });
  });

  it('is told by its ack until when the token is good and what it may do', async () => {
    const running = await startTestServer();
    const exp = Math.floor(Date.now() / 1_000) + 100;
    const token = tokenFor({ exp, scope: 'progress:write' });
    const { acks } = connectStock(running.wsUrl, { Authorization: `Bearer ${token}` });
    const ack = await acks.next();
    expect(ack).toMatchObject({ expiresAt: exp * 1_000, scopes: ['progress:read', 'progress:write'] });
    expect(Math.abs(Number(ack['serverTime']) - Date.now())).toBeLessThan(1_000);
  });

  it.each([
    ['without a token is closed with 4401', undefined, 4401, /^A token is required/],
    [
      'with a token of another secret is closed with 4401',
      { token: tokenFor({}, 'x'.repeat(40)) },
      4401,
      /^invalid signature$/,
    ],
    ['with something that is no token is closed with 4401', { token: 'hello' }, 4401, /not a JWT/],
    ['with an expired token is closed with 4403', { token: tokenFor({ exp: past() }) }, 4403, /expired/],
  ])(
    '%s, and the refusal is logged with its reason, without the token',
    async (_case, params, code, reason) => {
      const running = await startTestServer();
      const { closes } = connectStock(running.wsUrl, params);
      expect(await closes.next()).toBe(code);
      const line = await running.line(({ message }) => message === 'access refused');
      expect(line).toMatchObject({ what: 'token', from: '127.0.0.1', transport: 'websocket' });
      expect(line['reason']).toMatch(reason);
      if (params !== undefined) expect(JSON.stringify(running.lines)).not.toContain(params.token);
    },
  );

  it('is told FORBIDDEN for another project on that operation alone, and the socket stays', async () => {
    const running = await startTestServer();
    const stock = connectStock(running.wsUrl, { token: tokenFor() });
    expect(await watchStock(stock, 'p2').ended).toEqual(['FORBIDDEN']);
    expect(await watchStock(stock, 'p1').events.next()).toMatchObject({ revision: 0 });
    expect(stock.closes.all).toEqual([]);
    const line = await running.line(({ message }) => message === 'access refused');
    expect(line).toMatchObject({
      code: 'FORBIDDEN',
      who: 'anna',
      what: 'progress:read p2',
      from: '127.0.0.1',
    });
  });

  it('cannot tell a project that is not there from one that is not its own', async () => {
    const running = await startTestServer();
    await ingest(running, 'theirs');
    const stock = connectStock(running.wsUrl, { token: tokenFor() });
    expect(await watchStock(stock, 'theirs').ended).toEqual(await watchStock(stock, 'nowhere').ended);
    const [theirs, nowhere] = await Promise.all(
      ['theirs', 'nowhere'].map(async (id) => (await running.get(`/api/projects/${id}/progress`)).text()),
    );
    expect(theirs).toBe(nowhere);
  });
});

describe('a host with paths of its own', () => {
  it('answers them on the same port, before ours', async () => {
    const running = await startTestServer({
      handleRequest: (request, response) => {
        if (request.url !== '/page') return false;
        response.end('a page');
        return true;
      },
    });
    expect(await (await running.get('/page', null)).text()).toBe('a page');
    expect((await running.get('/healthz', null)).status).toBe(200);
  });
});

describe('a port in use', () => {
  it('is told in a sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expect(startTestServer({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    other.close();
  });
});
