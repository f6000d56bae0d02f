/** Limits as a client meets them: at the limit all is well, one past it there is a code, and a line in the log. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WebSocket } from 'ws';
import { createManualClock } from '../support/manual-clock.js';
import { openRaw } from './support/raw-socket.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

/** The head of a frame of 100 bytes, and nothing more: below what the stock client can do. */
function rawFrame(socket: WebSocket): void {
  const { _socket: raw } = socket as unknown as { readonly _socket: Socket };
  raw.write(Buffer.from([0x81, 0x80 | 100, 0, 0, 0, 0, 0x7b]));
}

const overLimit = (limit: string) => (line: { message: string; limit?: unknown }) =>
  line.message === 'limit exceeded' && line.limit === limit;

/** Opens a WebSocket and says who it is: the ack, or the code of its close. */
async function enter(url: string, sub: string, address: string): Promise<unknown> {
  const raw = await openRaw(url, { headers: { 'x-forwarded-for': address } });
  raw.send({ type: 'connection_init', payload: { token: tokenFor({ sub }) } });
  return Promise.race([raw.messages.next().then(({ type }) => type), raw.closed]);
}

describe('connections', () => {
  const trustedProxies = ['127.0.0.1'];

  it.each([
    ['in all', { maxConnections: 2, maxConnectionsPerAddress: 2, maxConnectionsPerViewer: 2 }, 'connections'],
    ['of one address', { maxConnectionsPerAddress: 2 }, 'connections of an address'],
    ['of one subject', { maxConnectionsPerViewer: 2 }, 'connections of a viewer'],
  ])('%s past their limit are closed with 1013, and those before go on', async (_, limits, name) => {
    const running = await startTestServer({ ...limits, trustedProxies });
    const enterAs = (index: number) =>
      enter(
        running.wsUrl,
        name === 'connections of a viewer' ? 'anna' : `viewer-${index}`,
        name === 'connections of an address' ? '2001:db8::' + String(index) : `203.0.113.${index}`,
      );
    expect(await enterAs(1)).toBe('connection_ack');
    expect(await enterAs(2)).toBe('connection_ack');
    expect(await enterAs(3)).toBe(1013);
    await running.line(overLimit(name));
    expect(running.server.counts.sessions).toBe(2);
  });

  it('that are let go make room', async () => {
    const running = await startTestServer({ maxConnectionsPerViewer: 1 });
    const first = await openRaw(running.wsUrl);
    await first.init(tokenFor());
    expect(await enter(running.wsUrl, 'anna', '127.0.0.1')).toBe(1013);
    first.socket.close();
    await expect.poll(() => running.server.counts.connections).toBe(0);
    expect(await enter(running.wsUrl, 'anna', '127.0.0.1')).toBe('connection_ack');
  });

  it('are WebSockets and event streams alike, whatever the stream was asked for by, and come back once it ends', async () => {
    const running = await startTestServer({ maxConnectionsPerViewer: 2 });
    const stream = (accept: string, abort: AbortController) =>
      fetch(`${running.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokenFor()}`, 'content-type': 'application/json', accept },
        body: JSON.stringify({
          query: 'subscription { ingestionProgress(projectId: "p1", follow: true) { revision } }',
        }),
        signal: abort.signal,
      });
    const aborts = [new AbortController(), new AbortController(), new AbortController()] as const;
    onTestFinished(() => aborts.forEach((abort) => abort.abort()));
    expect((await stream('text/event-stream', aborts[0])).status).toBe(200);
    expect((await stream('*/*', aborts[1])).headers.get('content-type')).toContain('text/event-stream');
    expect((await stream('text/event-stream', aborts[2])).status).toBe(429);
    expect(await enter(running.wsUrl, 'anna', '127.0.0.1')).toBe(1013);
    aborts[0].abort();
    await expect.poll(() => enter(running.wsUrl, 'anna', '127.0.0.1')).toBe('connection_ack');
  });

  it('are freed if they are let go behind another request of their connection', async () => {
    const running = await startTestServer({ maxConnectionsPerViewer: 2 });
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1');
    const body = JSON.stringify({
      query: 'subscription { ingestionProgress(projectId: "p1", follow: true) { revision } }',
    });
    const request = `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokenFor()}\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    socket.write(request + request);
    await expect.poll(() => running.server.counts.watchers).toBe(2);
    socket.destroy();
    await expect.poll(() => running.server.counts).toMatchObject({ watchers: 0, sessions: 0 });
    expect(await enter(running.wsUrl, 'anna', '127.0.0.1')).toBe('connection_ack');
  });

  it('that do not say who they are make room for newer ones, the oldest first', async () => {
    // A tenth for one address, of which half may be silent.
    const running = await startTestServer({ maxConnections: 40 });
    const silent = [await openRaw(running.wsUrl), await openRaw(running.wsUrl), await openRaw(running.wsUrl)];
    expect(await silent[0]?.closed).toBe(1013);
    expect(await silent[2]?.init(tokenFor())).toMatchObject({ type: 'connection_ack' });
    expect(await silent[1]?.init(tokenFor())).toMatchObject({ type: 'connection_ack' });
    await running.line(overLimit('unacknowledged connections'));
  });
});

describe('before the ack', () => {
  it('a client may send what the longest token needs, and is closed with 1009 past it', async () => {
    const running = await startTestServer();
    const padded = (bytes: number) => ({
      type: 'connection_init',
      payload: { token: tokenFor(), padding: ' '.repeat(bytes) },
    });
    const good = await openRaw(running.wsUrl);
    good.send(padded(20_000));
    expect(await good.messages.next()).toMatchObject({ type: 'connection_ack' });
    const greedy = await openRaw(running.wsUrl);
    greedy.socket.send(' '.repeat(40_000), { fin: false });
    expect(await greedy.closed).toBe(1009);
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

  it('may name an operation by 128 bytes; one more is BAD_USER_INPUT', async () => {
    const running = await startTestServer();
    const raw = await openRaw(running.wsUrl);
    await raw.init(tokenFor());
    for (const id of ['é'.repeat(64), `${'é'.repeat(64)}x`])
      raw.send({ id, type: 'subscribe', payload: { query: asked('revision') } });
    const { payload } = await raw.messages.until(({ type }) => type === 'error');
    expect(JSON.stringify(payload)).toMatch(/at most 128 bytes.*"BAD_USER_INPUT"/);
    await expect.poll(() => running.server.counts.watchers).toBe(1);
  });
});

describe('a viewer', () => {
  it('is not locked out by a page of two thousand million that was refused', async () => {
    const running = await startTestServer();
    const token = tokenFor();
    const huge = '{ ingestions(projectId: "p1", first: 2147483647) { edges { node { phases { name } } } } }';
    expect((await running.graphql(huge, {}, token)).codes).not.toEqual([]);
    expect((await running.graphql('{ serverTime }', {}, token)).codes).toEqual([]);
  });

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

describe('a message', () => {
  it('in more than 64 fragments is 1008', async () => {
    const running = await startTestServer();
    const raw = await openRaw(running.wsUrl);
    await raw.init(tokenFor());
    const sendInFragments = (count: number) => {
      const text = JSON.stringify({ type: 'ping' });
      for (let index = 0; index < count; index += 1)
        raw.socket.send(index === 0 ? text : ' ', { fin: index === count - 1 });
    };
    sendInFragments(64);
    expect(await raw.messages.next()).toMatchObject({ type: 'pong' });
    sendInFragments(65);
    expect(await raw.closed).toBe(1008);
    await running.line(overLimit('fragments of a message'));
  });

  // Also the test that ws' parser still says whether a message is begun.
  it.each([
    ['its last fragment', (socket: WebSocket) => socket.send('{', { fin: false })],
    ['the rest of its frame', rawFrame],
  ])('that waits for %s is closed with 1008 at the deadline, although its client pings', async (_, begin) => {
    const clock = createManualClock();
    const running = await startTestServer({ clock, requestTimeoutMs: 10_000 });
    const raw = await openRaw(running.wsUrl);
    await raw.init(tokenFor({ exp: Math.floor(clock.now() / 1_000) + 3_600 }));
    begin(raw.socket);
    raw.socket.on('close', () => clearInterval(ticks));
    const ticks = setInterval(() => void clock.advance(1_000), 20);
    onTestFinished(() => clearInterval(ticks));
    expect(await raw.closed).toBe(1008);
  });
});

describe('an answer that nobody reads', () => {
  it('is waited for as long as for a slow WebSocket, and then its connection is cut', async () => {
    const clock = createManualClock();
    const running = await startTestServer({
      clock,
      handleRequest: (request, response) => {
        if (request.url !== '/much') return false;
        response.end('x'.repeat(50_000_000));
        return true;
      },
    });
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    const gone = new Promise((resolve) => void socket.once('close', resolve));
    socket.pause();
    socket.write('GET /much HTTP/1.1\r\nHost: a\r\n\r\n');
    const ticks = setInterval(() => {
      void clock.advance(1_000);
      // A client that does not read learns of a reset by what it writes.
      if (!socket.destroyed) socket.write('\r\n');
    }, 20);
    onTestFinished(() => clearInterval(ticks));
    await gone;
    await running.line(overLimit('ms of an unread answer'));
    expect(clock.monotonicNow()).toBeGreaterThanOrEqual(30_000);
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

describe('what a client lets go of', () => {
  it('counts against the operations of its connection for as long as it runs', async () => {
    let answer: (isAllowed: boolean) => void = () => undefined;
    const answered = new Promise<boolean>((resolve) => (answer = resolve));
    const running = await startTestServer({ maxSubscriptions: 6, access: { allows: () => answered } });
    const raw = await openRaw(running.wsUrl);
    await raw.init(tokenFor());
    for (let id = 0; id < 6; id += 1) {
      const payload = { query: '{ progress(projectId: "p1") { id } }' };
      raw.send({ id: String(id), type: 'subscribe', payload });
      raw.send({ id: String(id), type: 'complete' });
    }
    raw.send({ id: 'more', type: 'subscribe', payload: { query: '{ serverTime }' } });
    const { id, type, payload } = await raw.messages.next();
    expect([id, type]).toEqual(['more', 'error']);
    expect(JSON.stringify(payload)).toContain('RATE_LIMITED');
    answer(true);
    await expect
      .poll(async () => {
        raw.send({ id: `again ${Math.random()}`, type: 'subscribe', payload: { query: '{ serverTime }' } });
        return (await raw.messages.next()).type;
      })
      .toBe('next');
  });
});

it('refreshing a token many times by one document uses up the budget of CPU', async () => {
  const running = await startTestServer({ maxCpuMsPerViewer: 10 });
  const raw = await openRaw(running.wsUrl);
  const token = tokenFor();
  await raw.init(token);
  const aliases = Array.from({ length: 50 }, (_, n) => `a${n}: refreshToken(token: $token) { expiresAt }`);
  const query = `mutation ($token: String!) { ${aliases.join(' ')} }`;
  const ask = async (id: string) => {
    raw.send({ id, type: 'subscribe', payload: { query, variables: { token } } });
    for (;;) {
      const message = await raw.messages.next();
      if (message.type === 'next' || message.type === 'error') return JSON.stringify(message.payload);
    }
  };
  // 50 × 0.5 ms each, of a burst of 50 ms.
  const answers = [await ask('1'), await ask('2'), await ask('3'), await ask('4')];
  expect(answers.at(-1)).toContain('RATE_LIMITED');
  await running.line(overLimit('ms of CPU a second'));
});
