/** Limits as a client meets them: at the limit all is well, one past it there is a code, and a line in the log. */
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRaw } from './support/raw-socket.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

const overLimit = (limit: string) => (line: { message: string; limit?: unknown }) =>
  line.message === 'limit exceeded' && line.limit === limit;

describe('connections', () => {
  it('past the limit in all are closed with 1013, and those before go on', async () => {
    const running = await startTestServer({ maxConnections: 2 });
    const good = [await openRaw(running.wsUrl), await openRaw(running.wsUrl)];
    expect(await (await openRaw(running.wsUrl)).closed).toBe(1013);
    expect(await good[1]?.init(tokenFor())).toMatchObject({ type: 'connection_ack' });
    await running.line(overLimit('connections'));
  });

  it('of one address past its limit are closed with 1013, and others come in', async () => {
    const running = await startTestServer({ maxConnectionsPerAddress: 1, trustedProxies: ['127.0.0.1'] });
    const from = (address: string) => openRaw(running.wsUrl, { headers: { 'x-forwarded-for': address } });
    const first = await from('203.0.113.1');
    expect(await (await from('203.0.113.1')).closed).toBe(1013);
    expect(await (await from('203.0.113.2')).init(tokenFor())).toMatchObject({ type: 'connection_ack' });
    first.socket.close();
    await expect.poll(() => running.server.counts.connections).toBe(1);
    expect(await (await from('203.0.113.1')).init(tokenFor())).toMatchObject({ type: 'connection_ack' });
    await running.line(overLimit('connections of an address'));
  });
});

describe('one connection', () => {
  const asked = (what: string) =>
    `subscription { ingestionProgress(projectId: "p1", follow: true) { ${what} } }`;

  it.each([
    ['10,000 subscriptions', 10_000, () => asked('revision'), 1],
    ['1,000 distinct documents', 1_000, (index: number) => asked(`r${index}: revision`), 100],
  ])(
    'that opens %s has 100, hears RATE_LIMITED for the others, and stays',
    async (_, count, query, lanes) => {
      const running = await startTestServer();
      const raw = await openRaw(running.wsUrl);
      await raw.init(tokenFor());
      for (let index = 0; index < count; index += 1) {
        raw.send({ id: String(index), type: 'subscribe', payload: { query: query(index) } });
      }
      await expect
        .poll(() => raw.messages.all.filter(({ type }) => type === 'error').length, { timeout: 15_000 })
        .toBe(count - 100);
      const refusals = raw.messages.all.filter(({ type }) => type === 'error');
      expect(refusals.every(({ payload }) => JSON.stringify(payload).includes('"RATE_LIMITED"'))).toBe(true);
      await expect.poll(() => running.server.counts.watchers).toBe(100);
      expect(running.server.counts.executions).toBe(lanes);
      raw.send({ type: 'ping' });
      await raw.messages.until(({ type }) => type === 'pong');
      await running.line(overLimit('operations of a connection'));
    },
  );
});

describe('a viewer', () => {
  it('has a limit of subscriptions over all its connections, and is told RATE_LIMITED past it', async () => {
    const running = await startTestServer({ maxSubscriptionsPerViewer: 2 });
    const [one, two] = [tokenFor(), tokenFor()].map((token) => connectStock(running.wsUrl, { token }));
    const first = watchStock(one!, 'p1', { follow: true });
    await first.events.next();
    await watchStock(two!, 'p1', { follow: true }).events.next();
    expect(await watchStock(two!, 'p1').ended).toEqual(['RATE_LIMITED']);
    first.stop();
    await expect.poll(() => running.server.counts.watchers).toBe(1);
    await watchStock(two!, 'p1').events.next();
    await running.line(overLimit('subscriptions of a viewer'));
  });

  it('has a limit of reports a second, and is told RATE_LIMITED past it', async () => {
    const running = await startTestServer({ maxReportsPerSecond: 2 });
    const report = () =>
      running.graphql(
        'mutation { confirmCancelled(input: { projectId: "p1", ingestionId: "i" }) { accepted } }',
        {},
        tokenFor({ scope: 'progress:write' }),
      );
    const codes = (await Promise.all([report(), report(), report(), report()])).flatMap(
      (answer) => answer.codes,
    );
    expect(codes).toContain('RATE_LIMITED');
    expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeLessThan(3);
  });
});

describe('a document', () => {
  it.each([
    ['tokens', `{ ${'serverTime '.repeat(300)} }`],
    ['levels', `{ __type(name: "Query") { ${'ofType { '.repeat(7)} name ${'} '.repeat(7)} } }`],
    ['aliases', '{ a: serverTime b: serverTime c: serverTime }'],
    [
      'cost',
      '{ ingestionEvents(projectId: "p1", ingestionId: "i", first: 500) { edges { node { payload } } } }',
    ],
  ])(
    'past a limit of its %s is BAD_USER_INPUT, with one line however often it comes',
    async (limit, query) => {
      const running = await startTestServer({
        ...{ maxDocumentTokens: 200, maxDocumentDepth: 8, maxDocumentAliases: 2, maxDocumentCost: 10_000 },
      });
      const raw = await openRaw(running.wsUrl);
      await raw.init(tokenFor());
      for (let times = 0; times < 3; times += 1) {
        expect((await running.graphql(query)).codes).toContain('BAD_USER_INPUT');
        raw.send({ id: String(times), type: 'subscribe', payload: { query } });
        expect(await raw.messages.next()).toMatchObject({ type: 'error' });
      }
      expect(running.lines.filter(overLimit(`${limit} of a document`))).toHaveLength(1);
    },
  );
});

describe('variables', () => {
  it('deeper than the limit are BAD_USER_INPUT on every way in', async () => {
    const running = await startTestServer({ maxJsonDepth: 4 });
    const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });
    const query = 'query ($p: ID!) { progress(projectId: $p) { id } }';
    const ask = (extra: object) => running.graphql(query, { p: 'p1', extra }, tokenFor());
    expect((await ask(nested(2))).codes).toEqual([]);
    expect((await ask(nested(3))).codes).toEqual(['BAD_USER_INPUT']);
    const raw = await openRaw(running.wsUrl);
    await raw.init(tokenFor());
    raw.send({
      id: 'a',
      type: 'subscribe',
      payload: { query, variables: { p: 'p1', extra: nested(3) } },
    });
    expect(await raw.messages.next()).toMatchObject({ id: 'a', type: 'error' });
    expect(running.lines.filter(overLimit('levels of variables'))).toHaveLength(1);
  });
});

describe('bytes', () => {
  const most = 1_024;
  const padded = (message: object, bytes: number) => {
    const text = JSON.stringify(message);
    return text + ' '.repeat(bytes - text.length);
  };

  it('of a body may be as many as the limit; one more is 413', async () => {
    const running = await startTestServer({ maxBodyBytes: most });
    const post = async (bytes: number) => {
      const response = await fetch(`${running.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokenFor()}`, 'content-type': 'application/json' },
        body: padded({ query: '{ serverTime }' }, bytes),
      });
      return [response.status, await response.text()];
    };
    expect(await post(most)).toEqual([200, expect.stringContaining('serverTime')]);
    expect(await post(most + 1)).toEqual([413, expect.stringContaining('"code":"BAD_USER_INPUT"')]);
    await running.line(overLimit('bytes of a body'));
  });

  it('of a message may be as many as the limit; one more is 1009', async () => {
    const running = await startTestServer({ maxMessageBytes: most });
    const raw = await openRaw(running.wsUrl);
    await raw.init(tokenFor());
    raw.send(padded({ type: 'ping' }, most));
    expect(await raw.messages.next()).toMatchObject({ type: 'pong' });
    raw.send(padded({ type: 'ping' }, most + 1));
    expect(await raw.closed).toBe(1009);
    await running.line(overLimit('bytes of a message'));
  });
});

describe('an HTTP request', () => {
  it('whose body dribbles is ended at the deadline of the whole', async () => {
    const running = await startTestServer({ headersTimeoutMs: 300, requestTimeoutMs: 300 });
    const { port } = new URL(running.url);
    const head = `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokenFor()}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(head));
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    await running.line(overLimit('ms of a request'));
  });

  it('that dribbles its header lines is ended at the deadline', async () => {
    const running = await startTestServer({ headersTimeoutMs: 300, requestTimeoutMs: 300 });
    const { port } = new URL(running.url);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write('GET /healthz HTTP/1.1\r\nA: b\r\n'),
      );
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    await running.line(overLimit('ms of a request'));
  });

  it.each([
    [
      'an upgrade of another path',
      'GET /nope HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    ['what is no HTTP', 'RUBBISH\r\n\r\n'],
  ])('that was refused keeps no socket, although its client never hangs up: %s', async (_name, text) => {
    const running = await startTestServer();
    const socket = connect({
      port: Number(new URL(running.url).port),
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    onTestFinished(() => void socket.destroy());
    const refused = new Promise((resolve) => socket.once('end', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(text);
    await refused;
    // Whoever still holds it takes this; where nobody does, it is answered by a reset.
    await expect
      .poll(() => {
        socket.write('more');
        return socket.destroyed;
      })
      .toBe(true);
    await gone;
    await running.server.close();
  });
});
