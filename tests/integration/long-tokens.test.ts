/** A connection lives as long as its token, and access is asked again while it does. */
import type { AccessPolicy } from '@ingestion-progress/server';
import { tokenAccess } from '@ingestion-progress/server';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../support/manual-clock.js';
import type { ManualClock } from '../support/manual-clock.js';
import { createInbox } from './support/inbox.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';
import type { StockClient } from './support/stock-client.js';

const REFRESH = 'mutation ($token: String!) { refreshToken(token: $token) { expiresAt scopes } }';

/** A token that is good for so many seconds by a clock. */
function goodFor(clock: ManualClock, seconds: number, claims: Record<string, unknown> = {}): string {
  return tokenFor({ ...claims, exp: Math.floor(clock.now() / 1_000) + seconds });
}

/** Asks once over the open socket: the data, or the error's code. */
function ask({ client }: StockClient, query: string, variables: Record<string, unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.subscribe(
      { query, variables },
      {
        next: ({ data, errors }) => resolve(errors?.[0]?.extensions?.['code'] ?? data),
        error: reject,
        complete: () => undefined,
      },
    );
  });
}

async function open(seconds: number, access: AccessPolicy = tokenAccess) {
  const clock = createManualClock();
  const running = await startTestServer({ clock, access });
  const stock = connectStock(running.wsUrl, { token: goodFor(clock, seconds) });
  await stock.acks.next();
  const watch = watchStock(stock, 'p1', { follow: true });
  await watch.events.next();
  return { clock, running, stock, watch };
}

// (invariant: authorized-on-every-path)
describe('a token on an open connection', () => {
  it('that expires closes it with 4403', async () => {
    const { clock, running, stock } = await open(100);
    await clock.advance(99_000);
    expect(running.server.counts.connections).toBe(1);
    await clock.advance(2_000);
    expect(await stock.closes.next()).toBe(4403);
    await running.line(
      ({ message, who }) => message === 'token expired; closing WebSocket' && who === 'anna',
    );
  });

  it('is replaced by a fresh one of the same subject, which then counts', async () => {
    const { clock, stock, watch, running } = await open(100);
    const fresh = await ask(stock, REFRESH, { token: goodFor(clock, 300) });
    expect(fresh).toEqual({
      refreshToken: { expiresAt: clock.now() + 300_000, scopes: ['progress:read'] },
    });
    await clock.advance(200_000);
    await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    expect((await watch.events.next()).progress).toMatchObject({ status: 'RUNNING' });
    expect(stock.closes.all).toEqual([]);
    await clock.advance(101_000);
    expect(await stock.closes.next()).toBe(4403);
  });

  it('is not replaced by one of another subject, nor by one that is not valid', async () => {
    const { clock, stock } = await open(100);
    const ofBert = goodFor(clock, 300, { sub: 'bert' });
    expect(await ask(stock, REFRESH, { token: ofBert })).toBe('FORBIDDEN');
    expect(await ask(stock, REFRESH, { token: goodFor(clock, -1) })).toBe('TOKEN_EXPIRED');
    expect(await ask(stock, REFRESH, { token: 'nonsense' })).toBe('UNAUTHENTICATED');
    await clock.advance(101_000);
    expect(await stock.closes.next()).toBe(4403);
  });

  it('that covers less than the one before ends what it does not cover, with FORBIDDEN', async () => {
    const { clock, stock, watch } = await open(100);
    await ask(stock, REFRESH, { token: goodFor(clock, 300, { projects: ['p2'] }) });
    expect(await watch.ended).toEqual(['FORBIDDEN']);
    expect(stock.closes.all).toEqual([]);
    const other = watchStock(stock, 'p2');
    expect(await other.events.next()).toMatchObject({ revision: 0 });
  });

  it('is not replaced over HTTP', async () => {
    const running = await startTestServer();
    expect((await running.graphql(REFRESH, { token: tokenFor() })).codes).toEqual(['BAD_USER_INPUT']);
  });
});

describe('access that a host decides', () => {
  it('ends a subscription with FORBIDDEN within a minute of being withdrawn', async () => {
    let allowed = true;
    const { clock, stock, watch } = await open(3_600, { allows: () => allowed });
    await clock.advance(120_000);
    allowed = false;
    await clock.advance(61_000);
    expect(await watch.ended).toEqual(['FORBIDDEN']);
    expect(stock.closes.all).toEqual([]);
  });

  it('is UNAVAILABLE where it fails, and what is open outlives a short failure', async () => {
    let answer = () => Promise.resolve(true);
    const { clock, running, stock, watch } = await open(3_600, { allows: () => answer() });
    answer = () => Promise.reject(new Error('the directory is away'));
    await clock.advance(125_000);
    expect(await watchStock(stock, 'p1').ended).toEqual(['UNAVAILABLE']);
    await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    expect((await watch.events.next()).revision).toBeGreaterThan(0);
    await clock.advance(61_000);
    expect(await watch.ended).toEqual(['UNAVAILABLE']);
  });
});

describe('server-sent events', () => {
  it('get events, and at expiry one TOKEN_EXPIRED and the end', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock });
    const response = await fetch(`${running.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${goodFor(clock, 100)}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({
        query: 'subscription { ingestionProgress(projectId: "p1", follow: true) { __typename revision } }',
      }),
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const messages = createInbox<string>('server-sent events');
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        for (const message of decoder.decode(chunk, { stream: true }).split('\n\n')) {
          if (message.trim() !== '' && !message.startsWith(':')) messages.put(message);
        }
      }
    })();
    expect(await messages.next()).toContain('ProgressSnapshot');
    await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await messages.until((message) => message.includes('PhaseStarted'));
    await clock.advance(101_000);
    expect(await messages.next()).toContain('"code":"TOKEN_EXPIRED"');
    expect(await messages.next()).toContain('event: complete');
    await reading;
    await expect.poll(() => running.server.counts).toMatchObject({ sessions: 0, watchers: 0 });
  });

  it('are refused like everything else', async () => {
    const running = await startTestServer();
    const subscribe = (token: string, projectId: string) =>
      fetch(`${running.url}/graphql`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'text/event-stream',
        },
        body: JSON.stringify({
          query: `subscription { ingestionProgress(projectId: "${projectId}") { revision } }`,
        }),
      });
    expect((await subscribe(tokenFor({ exp: 1_000 }), 'p1')).status).toBe(401);
    expect(await (await subscribe(tokenFor(), 'p2')).text()).toContain('"code":"FORBIDDEN"');
  });
});

describe('an address that is refused again and again', () => {
  const bad = (running: Awaited<ReturnType<typeof startTestServer>>, from: string) =>
    running.get('/api/projects/p1/progress', 'nonsense', { 'x-forwarded-for': from });

  it('is answered 429 for a while, and nobody else behind the same proxy is', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock, trustedProxies: ['127.0.0.1'] });
    const statuses: number[] = [];
    for (let count = 0; count < 35; count += 1) {
      const response = bad(running, '203.0.113.7');
      // Past the tenth each waits a little longer.
      const turning = setInterval(() => void clock.advance(50), 1);
      statuses.push((await response).status);
      clearInterval(turning);
    }
    expect(statuses.slice(0, 30)).toEqual(Array(30).fill(401));
    expect(statuses.slice(30)).toEqual(Array(5).fill(429));
    expect((await bad(running, '203.0.113.7')).headers.get('retry-after')).toBe('60');
    expect((await bad(running, '203.0.113.8')).status).toBe(401);
    const good = await running.get('/api/projects/p1/progress', goodFor(clock, 900), {
      'x-forwarded-for': '203.0.113.7',
    });
    expect(good.status).toBe(404);
    const { closes } = connectStock(running.wsUrl, { token: 'nonsense' });
    expect(await closes.next()).toBe(4401);
    await clock.advance(61_000);
    expect((await bad(running, '203.0.113.7')).status).toBe(401);
  });

  it('is closed with 1013 over a WebSocket', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock });
    const turning = setInterval(() => void clock.advance(50), 1);
    for (let count = 0; count < 30; count += 1) await running.get('/api/projects/p1/progress', 'nonsense');
    clearInterval(turning);
    const { closes } = connectStock(running.wsUrl, { token: 'nonsense' });
    expect(await closes.next()).toBe(1013);
  });
});
