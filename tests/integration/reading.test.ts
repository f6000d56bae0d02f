/** Reading once: the query, the REST path, their tags, CORS, probes and metrics. */
import { describe, expect, it } from 'vitest';
import { ReadProgressDocument } from '@ingestion-progress/schema/operations';
import { createInbox } from './support/inbox.js';
import { openRaw } from './support/raw-socket.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { RunningServer } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

const REST = '/api/projects/p1/progress';

function asGet(query: string, variables: object = {}): string {
  return `/graphql?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(JSON.stringify(variables))}`;
}

async function started(): Promise<RunningServer> {
  const running = await startTestServer({ corsOrigins: ['https://app.example.com'] });
  await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
  return running;
}

describe('the same state', () => {
  // (invariant: whole-state-events)
  it('is told by subscription, query, GET and REST, field by field', async () => {
    const running = await started();
    const watch = watchStock(connectStock(running.wsUrl, { token: tokenFor() }), 'p1');
    const { progress } = await watch.events.next();
    const query = String(ReadProgressDocument);
    const byPost = await running.graphql(query, { projectId: 'p1' });
    const byGet = await running.get(asGet(query, { projectId: 'p1' }));
    const byRest = await running.get(REST);
    expect(byPost.data).toEqual({ progress });
    expect(await byGet.json()).toEqual({ data: { progress } });
    expect(await byRest.json()).toEqual(progress);
  });
});

describe.each([
  ['REST', REST],
  ['a query by GET', asGet('query ($p: ID!) { progress(projectId: $p) { id revision } }', { p: 'p1' })],
])('%s', (_name, path) => {
  it('has a tag, answers 304 while nothing changed, and 200 once something did', async () => {
    const running = await started();
    const first = await running.get(path);
    const etag = first.headers.get('etag');
    expect(etag).toMatch(/^".+"$/);
    const same = await running.get(path, tokenFor(), { 'if-none-match': `"other", W/${etag}` });
    expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', etag]);
    await running.server.emitter.emitPhaseStarted('p1', 2, 'Reading');
    const changed = await running.get(path, tokenFor(), { 'if-none-match': String(etag) });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  // (invariant: authorized-on-every-path)
  it('asks for access before it answers 304', async () => {
    const running = await started();
    const etag = String((await running.get(path)).headers.get('etag'));
    const bert = await running.get(path, tokenFor({ projects: ['p2'] }), { 'if-none-match': etag });
    expect(bert.status).not.toBe(304);
    expect(await bert.text()).toContain('"code":"FORBIDDEN"');
    expect((await running.get(path, null, { 'if-none-match': etag })).status).toBe(401);
  });
});

describe('a tag', () => {
  it('differs by document, and is on no query that asks for more than progress', async () => {
    const running = await started();
    const tags = await Promise.all(
      ['{ progress(projectId: "p1") { id } }', '{ progress(projectId: "p1") { status } }'].map(
        async (query) => (await running.get(asGet(query))).headers.get('etag'),
      ),
    );
    expect(new Set(tags).size).toBe(2);
    expect(tags).not.toContain(null);
    const more = await running.get(asGet('{ progress(projectId: "p1") { id } serverTime }'));
    expect([more.status, more.headers.get('etag')]).toEqual([200, null]);
  });
});

describe('a page of another origin', () => {
  it('of the list may read tags, the date and when to come back; any other may read nothing', async () => {
    const running = await started();
    const origin = 'https://app.example.com';
    const allowed = await running.get(REST, tokenFor(), { origin });
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    expect(allowed.headers.get('access-control-expose-headers')).toBe('ETag, Date, Retry-After');
    const preflight = await fetch(`${running.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers.get('access-control-max-age')]).toEqual([204, '7200']);
    const foreign = await running.get(REST, tokenFor(), { origin: 'https://evil.example.com' });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('probes and metrics', () => {
  it('name each dependency, and count what is open', async () => {
    const running = await started();
    const watch = watchStock(connectStock(running.wsUrl, { token: tokenFor() }), 'p1');
    await watch.events.next();
    const health = (await (await running.get('/readyz', null)).json()) as { dependencies: object };
    expect(health).toMatchObject({ status: 'ok' });
    expect(Object.keys(health.dependencies)).toEqual(['store', 'bus']);
    const metrics = await running.get('/metrics', null);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const text = await metrics.text();
    expect(text).toContain('ingestion_progress_connections 1');
    expect(text).toContain('ingestion_progress_subscriptions 1');
    expect(text).toContain('ingestion_progress_store_up 1');
    expect(text).toMatch(
      /ingestion_progress_dependency_call_seconds_count\{dependency="store",operation="write"\} [1-9]/,
    );
    expect(text).toMatch(/ingestion_progress_events_total\{type="phase_started"\} 1/);
    expect(text).toContain('ingestion_progress_connections_total 1');
    expect(text).not.toContain('"p1"');
  });
});

/** What production wants to see, and the names under which it is told. */
const FIGURES: Readonly<Record<string, readonly string[]>> = {
  'connections, and those that came back': [
    'connections',
    'connections_total',
    'reconnects_total',
    'closes_total',
  ],
  subscriptions: ['subscriptions'],
  'watched projects': ['watched_projects'],
  'events in, and those merged into others': ['events_total', 'coalesced_total', 'rejected_reports_total'],
  'events out, and those that a newer one replaced': [
    'delivered_total',
    'delivered_bytes_total',
    'conflated_total',
  ],
  'what waits': ['waiting_events', 'unstored_projects'],
  'store and bus': ['store_up', 'bus_up', 'dependency_call_seconds', 'dependency_failures_total'],
  refusals: ['refusals_total'],
  'memory of a connection': ['connection_bytes'],
};

describe('the metrics', () => {
  it.each(Object.entries(FIGURES))('tell %s', async (_what, names) => {
    const text = await (await (await startTestServer()).get('/metrics', null)).text();
    for (const name of names) expect(text).toContain(`# TYPE ingestion_progress_${name} `);
  });

  it('count a viewer who lost a connection and came back, and none who took leave', async () => {
    const running = await startTestServer();
    const connect = async () => {
      const raw = await openRaw(running.wsUrl);
      await raw.init(tokenFor());
      return raw;
    };
    const closes = async () => (await (await running.get('/metrics', null)).text()).match(/closes_total\{/g);
    const polite = await connect();
    polite.socket.close(1000);
    await expect.poll(closes).toHaveLength(1);
    const cut = await connect();
    cut.socket.terminate();
    await expect.poll(closes).toHaveLength(2);
    await connect();
    const text = await (await running.get('/metrics', null)).text();
    expect(text).toContain('ingestion_progress_reconnects_total 1');
  });

  it('tell the delay of the loop and the heap, and count a refusal by its code', async () => {
    const running = await startTestServer();
    await running.get(REST, 'not a token');
    const text = await (await running.get('/metrics', null)).text();
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds ');
    expect(text).toContain('nodejs_heap_size_used_bytes ');
    expect(text).toContain('ingestion_progress_refusals_total{code="UNAUTHENTICATED"} 1');
  });
});

describe('many watchers of one project', () => {
  it('cost one execution an event for each distinct document', async () => {
    const running = await started();
    const stock = connectStock(running.wsUrl, { token: tokenFor() });
    const watches = Array.from({ length: 50 }, () => watchStock(stock, 'p1', { follow: true }));
    for (const watch of watches) await watch.events.next();
    expect(running.server.counts.executions).toBe(1);
    await running.server.emitter.emitPhaseStarted('p1', 2, 'Reading');
    const told = await Promise.all(watches.map((watch) => watch.events.next()));
    expect(running.server.counts.executions).toBe(2);
    expect(new Set(told.map((event) => JSON.stringify(event))).size).toBe(1);
  });
});

describe('the ordinary road', () => {
  it('gives the same payloads as the fast one, for documents that cannot share', async () => {
    const running = await started();
    const { client } = connectStock(running.wsUrl, { token: tokenFor() });
    const fields = '__typename revision timestamp progress { id phases { number status } }';
    const root = `ingestionProgress(projectId: "p1") { ${fields} }`;
    const documents = [
      `subscription { ${root} }`,
      `subscription { ...Root } fragment Root on Subscription { ${root} }`,
    ];
    const payloads = documents.map(() => createInbox<string>('payloads'));
    const ends = documents.map(
      (query, index) =>
        new Promise<void>((resolve, reject) => {
          const next = (payload: unknown) => payloads[index]?.put(JSON.stringify(payload));
          client.subscribe({ query }, { next, error: reject, complete: resolve });
        }),
    );
    await Promise.all(payloads.map((inbox) => inbox.next()));
    await running.server.emitter.emitPhaseStarted('p1', 2, 'Reading');
    await running.server.emitter.emitComplete('p1', {});
    await Promise.all(ends);
    expect(payloads[0]?.all).toHaveLength(3);
    expect(payloads[1]?.all).toEqual(payloads[0]?.all);
  });
});
