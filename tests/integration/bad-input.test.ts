/** What is malformed gets a code and a sentence; never a stack, never a closed socket for others. */
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ProgressError } from '@ingestion-progress/server';
import type { ProgressStore } from '@ingestion-progress/server';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { openRaw } from './support/raw-socket.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { RunningServer } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

function post({ url }: RunningServer, body: string, headers: Record<string, string> = {}): Promise<Response> {
  const authorization = `Bearer ${tokenFor({ projects: '*', scope: 'progress:write' })}`;
  return fetch(`${url}/graphql`, {
    method: 'POST',
    body,
    headers: { authorization, 'content-type': 'application/json', ...headers },
  });
}

const query = (text: string, variables = {}) => JSON.stringify({ query: text, variables });
const READ = 'query ($p: ID!) { progress(projectId: $p) { id } }';

describe('over HTTP', () => {
  it.each([
    ['bad JSON', '{', {}],
    ['no query', '{}', {}],
    ['a document that does not parse', query('{'), {}],
    ['an unknown field', query('{ nothing }'), {}],
    ['an unknown operation', JSON.stringify({ query: '{ serverTime }', operationName: 'Nope' }), {}],
    ['a variable of the wrong type', query(READ, { p: {} }), {}],
    ['a body that is too large', query(`{ serverTime } #${'x'.repeat(300_000)}`), {}],
    ['a body that is not JSON by its type', query('{ serverTime }'), { 'content-type': 'text/plain' }],
    ['a document that is too deep', query(deep(20)), {}],
    ['a document with too many aliases', query(aliases(60)), {}],
    ['a document with too many tokens', query(`{ ${'serverTime '.repeat(3_000)} }`), {}],
    [
      'fragments in a circle',
      query('{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }'),
      {},
    ],
    ['introspection', query('{ __schema { types { name } } }'), {}],
  ])('%s is BAD_USER_INPUT, with no stack', async (_case, body, headers) => {
    const response = await post(await startTestServer(), body, headers);
    const text = await response.text();
    expect(response.status).toBeLessThan(500);
    expect(text).toContain('"code":"BAD_USER_INPUT"');
    expect(text).not.toMatch(/\bat .+:\d+:\d+/);
  });

  it('an id that cannot be one is BAD_USER_INPUT, on every way in', async () => {
    const running = await startTestServer();
    const token = tokenFor({ projects: '*' });
    expect((await running.graphql(READ, { p: 'a\u202eb' }, token)).codes).toEqual(['BAD_USER_INPUT']);
    expect((await running.graphql(READ, { p: 'x'.repeat(201) }, token)).codes).toEqual(['BAD_USER_INPUT']);
    const named = 'query ($i: ID!) { progress(projectId: "p1", ingestionId: $i) { id } }';
    expect((await running.graphql(named, { i: '' }, token)).codes).toEqual(['BAD_USER_INPUT']);
    for (const id of ['a%00b', '%E0%A4%A', '%E2%80%AE']) {
      const rest = await running.get(`/api/projects/${id}/progress`, token);
      expect([rest.status, await rest.json()]).toMatchObject([400, { error: { code: 'BAD_USER_INPUT' } }]);
    }
    const stock = connectStock(running.wsUrl, { token });
    expect(await watchStock(stock, 'a\nb').ended).toEqual(['BAD_USER_INPUT']);
    expect(await watchStock(stock, 'p1', { ingestionId: '.' }).ended).toEqual(['BAD_USER_INPUT']);
  });

  it.each(['s3://bucket/a b', 'manual__2026-11-28T00:00:00+00:00', 'Zürich!', '文書 {1}', '%41', 'a}b'])(
    'the id %s is reported, listed, polled and watched under its own name',
    async (id) => {
      const running = await startTestServer();
      const token = tokenFor({ projects: '*', scope: 'progress:write' });
      const run = await running.server.emitter.startIngestion(id, { ingestionId: id });
      const stock = connectStock(running.wsUrl, { token });
      const watch = watchStock(stock, id, { ingestionId: id });
      await run.emitPhaseStarted(1, 'Reading');
      await run.emitComplete({});
      expect(await watch.ended).toBe('completed');
      const rest = await running.get(`/api/projects/${encodeURIComponent(id)}/progress`, token);
      expect(await rest.json()).toMatchObject({ id, projectId: id, status: 'COMPLETED' });
      await running.server.emitter.startIngestion(id, { ingestionId: `${id}!` });
      const list = 'query ($p: ID!) { ingestions(projectId: $p) { edges { node { id } } } }';
      const { text } = await running.graphql(list, { p: id }, token);
      expect(text).toContain(JSON.stringify(`${id}!`));
      expect(text).toContain(JSON.stringify(id));
      const log =
        'query ($p: ID!) { ingestionEvents(projectId: $p, ingestionId: $p) { edges { node { type } } } }';
      expect((await running.graphql(log, { p: id }, token)).text).toContain('ingestion_complete');
    },
  );

  it('a page size out of range is BAD_USER_INPUT', async () => {
    const running = await startTestServer();
    for (const first of [0, 101, -1]) {
      const { codes } = await running.graphql(
        `{ ingestions(projectId: "p1", first: ${first}) { pageInfo { hasNextPage } } }`,
      );
      expect(codes).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('a report that breaks its schema names the path, and changes nothing', async () => {
    const running = await startTestServer();
    const token = tokenFor({ scope: 'progress:write' });
    await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    const before = await (await running.get('/api/projects/p1/progress')).text();
    const { id } = JSON.parse(before) as { id: string };
    const report = await running.graphql(
      'mutation ($i: ReportProgressInput!) { reportProgress(input: $i) { accepted } }',
      { i: { projectId: 'p1', ingestionId: id, phase: 13, progressPercent: 1 } },
      token,
    );
    expect(report.codes).toEqual(['BAD_USER_INPUT']);
    expect(report.text).toContain('phase');
    expect(await (await running.get('/api/projects/p1/progress')).text()).toBe(before);
  });

  it('a late event for an ended ingestion is CONFLICT, and changes nothing', async () => {
    const running = await startTestServer();
    const run = await running.server.emitter.startIngestion('p1');
    await run.emitComplete({});
    const late = await running.graphql(
      'mutation ($i: ReportPhaseStartedInput!) { reportPhaseStarted(input: $i) { accepted } }',
      { i: { projectId: 'p1', ingestionId: run.ingestionId, phase: 2, message: 'late' } },
      tokenFor({ scope: 'progress:write' }),
    );
    expect(late.codes).toEqual(['CONFLICT']);
    const state = (await (await running.get('/api/projects/p1/progress')).json()) as { status: string };
    expect(state.status).toBe('COMPLETED');
  });

  it('other methods are 405, other paths 404, and no token is 401, each with a code', async () => {
    const running = await startTestServer();
    const put = await fetch(`${running.url}/graphql`, { method: 'PUT' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST']);
    const del = await fetch(`${running.url}/api/projects/p1/progress`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${tokenFor()}` },
    });
    expect([del.status, await del.json()]).toMatchObject([405, { error: { code: 'BAD_USER_INPUT' } }]);
    expect((await running.get('/nothing')).status).toBe(404);
    const none = await running.get('/api/projects/p1/progress', null);
    expect([none.status, await none.json()]).toMatchObject([401, { error: { code: 'UNAUTHENTICATED' } }]);
    const expired = await running.graphql('{ serverTime }', {}, tokenFor({ exp: 1_000 }));
    expect([expired.status, expired.codes]).toEqual([401, ['TOKEN_EXPIRED']]);
    const never = await running.get('/api/projects/p1/progress');
    expect([never.status, await never.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
  });

  it('a body that is too large is 413, also where it does not say its length', async () => {
    const running = await startTestServer();
    const { port } = new URL(running.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const odd = request({
        ...{ port, path: '/graphql', method: 'POST' },
        headers: { authorization: `Bearer ${tokenFor()}`, 'content-type': 'application/json' },
      });
      odd.on('error', reject);
      odd.on('response', (response) => {
        let text = `${response.statusCode} `;
        response.on('data', (chunk: Buffer) => {
          text += String(chunk);
        });
        response.on('end', () => resolve(text));
      });
      odd.write(query('{ serverTime }').slice(0, -1));
      odd.end(' '.repeat(300_000));
    });
    expect(answer).toMatch(/^413 .*"code":"BAD_USER_INPUT"/);
  });

  it('a stored state that does not parse is INTERNAL_SERVER_ERROR for that project, and none for others', async () => {
    const memory = createMemoryStore();
    const broken = new ProgressError(
      'INTERNAL_SERVER_ERROR',
      'The latest ingestion of project p1 does not parse.',
    );
    const store: ProgressStore = {
      ...memory,
      read: (projectId) => (projectId === 'p1' ? Promise.reject(broken) : memory.read(projectId)),
    };
    const running = await startTestServer({ store });
    const token = tokenFor({ projects: '*' });
    const stock = connectStock(running.wsUrl, { token });
    expect((await running.graphql(READ, { p: 'p1' }, token)).codes).toEqual(['INTERNAL_SERVER_ERROR']);
    expect((await running.get('/api/projects/p1/progress', token)).status).toBe(500);
    expect(await watchStock(stock, 'p1').ended).toEqual(['INTERNAL_SERVER_ERROR']);
    expect((await running.graphql(READ, { p: 'p2' }, token)).codes).toEqual([]);
    expect(await watchStock(stock, 'p2').events.next()).toMatchObject({ revision: 0 });
    expect(stock.closes.all).toEqual([]);
  });

  it('a mutation by GET is refused', async () => {
    const running = await startTestServer();
    const mutation = encodeURIComponent('mutation { refreshToken(token: "x") { expiresAt } }');
    const response = await running.get(`/graphql?query=${mutation}`);
    expect(response.status).toBe(405);
    expect(await response.text()).toContain('BAD_USER_INPUT');
  });

  it('a request that is no HTTP does not trouble the next one', async () => {
    const running = await startTestServer();
    const { port } = new URL(running.url);
    await new Promise<void>((resolve) => {
      const odd = request({ port, path: '/a', method: 'GET', headers: { 'content-length': '5' } });
      odd.on('socket', (socket) => socket.write('NOT HTTP AT ALL\r\n\r\n'));
      odd.on('error', () => resolve());
      odd.on('response', () => resolve());
    });
    expect((await running.get('/healthz', null)).status).toBe(200);
  });
});

describe('over a WebSocket', () => {
  it('a bad document, an unknown field and an unknown operation are errors of that operation', async () => {
    const running = await startTestServer();
    const raw = await openRaw(running.wsUrl);
    expect(await raw.init(tokenFor())).toMatchObject({ type: 'connection_ack' });
    for (const [id, text] of [
      ['a', '{'],
      ['b', '{ nothing }'],
      ['c', deep(20)],
      ['d', '{ __schema { types { name } } }'],
    ] as const) {
      raw.send({ id, type: 'subscribe', payload: { query: text } });
      const { payload, ...message } = await raw.messages.next();
      expect(message).toEqual({ id, type: 'error' });
      expect(payload).toContainEqual(expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT' } }));
    }
    raw.send({ id: 'e', type: 'subscribe', payload: { query: '{ serverTime }' } });
    expect(await raw.messages.next()).toMatchObject({ id: 'e', type: 'next' });
  });

  it.each([
    ['what is not JSON', 'hello', 4400],
    ['what is no message', [], 4400],
    ['a message that only servers send', { type: 'next', id: 'a', payload: {} }, 4400],
    ['a second connection_init', { type: 'connection_init' }, 4429],
    ['a message that is too large', `"${'x'.repeat(300_000)}"`, 1009],
  ])('%s closes that socket, and no other', async (_case, message, code) => {
    const running = await startTestServer();
    const [bad, good] = [await openRaw(running.wsUrl), await openRaw(running.wsUrl)];
    await bad.init(tokenFor());
    await good.init(tokenFor());
    bad.send(message);
    expect(await bad.closed).toBe(code);
    good.send({ type: 'ping' });
    expect(await good.messages.next()).toMatchObject({ type: 'pong' });
  });

  it('the same id twice is 4409, a subscribe before the ack 4401, another protocol 4406', async () => {
    const running = await startTestServer();
    const twice = await openRaw(running.wsUrl);
    await twice.init(tokenFor());
    const watch = 'subscription { ingestionProgress(projectId: "p1") { revision } }';
    twice.send({ id: 'a', type: 'subscribe', payload: { query: watch } });
    await twice.messages.next();
    twice.send({ id: 'a', type: 'subscribe', payload: { query: watch } });
    expect(await twice.closed).toBe(4409);
    const early = await openRaw(running.wsUrl);
    early.send({ id: 'a', type: 'subscribe', payload: { query: watch } });
    expect(await early.closed).toBe(4401);
    const none = await openRaw(running.wsUrl, {}, null);
    expect(await none.closed).toBe(4406);
  });

  it('one operation too many is RATE_LIMITED, and the others go on', async () => {
    const running = await startTestServer({ maxSubscriptions: 3 });
    const stock = connectStock(running.wsUrl, { token: tokenFor() });
    const watches = [1, 2, 3].map(() => watchStock(stock, 'p1', { follow: true }));
    for (const watch of watches) await watch.events.next();
    expect(await watchStock(stock, 'p1').ended).toEqual(['RATE_LIMITED']);
    await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    for (const watch of watches) expect((await watch.events.next()).revision).toBeGreaterThan(0);
    watches[0]?.stop();
    await expect.poll(() => running.server.counts.watchers).toBe(2);
    expect(await watchStock(stock, 'p1').events.next()).toMatchObject({ __typename: 'ProgressSnapshot' });
  });

  it('a page of a foreign origin may not upgrade, one of the list and one of our own may', async () => {
    const running = await startTestServer({ corsOrigins: ['https://app.example.com'] });
    await expect(openRaw(running.wsUrl, { origin: 'https://evil.example.com' })).rejects.toThrow('HTTP 403');
    await openRaw(running.wsUrl, { origin: 'https://app.example.com' });
    await openRaw(running.wsUrl, { origin: running.url });
    await expect(openRaw(running.wsUrl.replace('/graphql', '/other'))).rejects.toThrow('HTTP 404');
  });
});

/** A document that many levels deep, over the introspection of types, which alone nests for ever. */
function deep(levels: number): string {
  return `{ __type(name: "Query") { ${'ofType { '.repeat(levels)} name ${'}'.repeat(levels)} } }`;
}

function aliases(count: number): string {
  return `{ ${Array.from({ length: count }, (_, index) => `a${index}: serverTime`).join(' ')} }`;
}
