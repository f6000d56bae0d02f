/** Lists of many ingestions on a real server: pages, live changes, whose they are, and what is refused. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AccessPolicy } from '@ingestion-progress/server';
import { createRedisBus } from '../../server/bus/redis-bus.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { createEmbeddedStore } from '../../server/store/embedded-store.js';
import type { ProgressStore } from '../../server/store/progress-store.js';
import { startRedisProcess } from '../support/redis-process.js';
import { createTemporaryDirectory } from '../support/temporary-directory.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { RunningServer } from './support/running-server.js';
import { connectStock } from './support/stock-client.js';
import { watchList, type StockList } from './support/stock-list.js';

const EVERYTHING = tokenFor({ projects: '*' });
const PAGE = `query ($filter: IngestionFilter, $first: Int! = 20, $after: String, $projectId: ID) {
  ingestions(projectId: $projectId, filter: $filter, first: $first, after: $after) {
    edges { cursor node { id projectId status } }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface Page {
  readonly edges: readonly {
    readonly cursor: string;
    readonly node: { readonly projectId: string; readonly id: string };
  }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A page as `project/id`, and where it ends; or why there is none. */
interface ListedPage {
  readonly rows?: readonly string[];
  readonly hasNextPage?: boolean;
  readonly endCursor?: string | null;
  readonly codes?: readonly unknown[];
  readonly text?: string;
}

async function pageOf(server: RunningServer, variables: object, token = EVERYTHING): Promise<ListedPage> {
  const answer = await server.graphql(PAGE, variables, token);
  if (answer.codes.length > 0) return { codes: answer.codes, text: answer.text };
  const { edges, pageInfo } = answer.data?.['ingestions'] as Page;
  return { rows: edges.map(({ node }) => `${node.projectId}/${node.id}`), ...pageInfo };
}

const list = (server: RunningServer, variables: object = {}, token = EVERYTHING): StockList =>
  watchList(connectStock(server.wsUrl, { token }), variables);

const start = (server: RunningServer, projectId: string, id: string, more: object = {}) =>
  server.server.emitter.startIngestion(projectId, { ingestionId: id, ...more });

describe('Query.ingestions', () => {
  it('pages through what runs, then what is over, newest first; of every project, of some, and by labels', async () => {
    const server = await startTestServer();
    const { emitter } = server.server;
    await start(server, 'a', 'a1', { labels: [{ name: 'team', value: 'x' }] });
    await emitter.emitComplete('a', {});
    await start(server, 'b', 'b1');
    await start(server, 'a', 'a2');
    await start(server, 'c', 'c1', { labels: [{ name: 'team', value: 'x' }] });
    await emitter.emitError('c', 1, { errorCode: 'BROKEN', message: 'No.', recoverable: false });
    const rows: string[] = [];
    let after: string | null | undefined = null;
    do {
      const page: ListedPage = await pageOf(server, { first: 1, after });
      rows.push(...(page.rows ?? ['?']));
      after = page.hasNextPage === true ? page.endCursor : null;
    } while (after !== null);
    expect(rows).toEqual(['a/a2', 'b/b1', 'c/c1', 'a/a1']);
    expect(await pageOf(server, { filter: { status: ['FAILED'] } })).toMatchObject({ rows: ['c/c1'] });
    expect(await pageOf(server, { filter: { status: ['ENDED'] } })).toMatchObject({ rows: ['a/a1'] });
    expect(await pageOf(server, { filter: { projectIds: ['b', 'c'] } })).toMatchObject({
      rows: ['b/b1', 'c/c1'],
    });
    const labels = [{ name: 'team', value: 'x' }];
    expect(await pageOf(server, { filter: { labels } })).toMatchObject({ rows: ['c/c1', 'a/a1'] });
    expect(await pageOf(server, { projectId: 'a', filter: { status: ['ACTIVE'] } })).toMatchObject({
      rows: ['a/a2'],
    });
    expect(await pageOf(server, { projectId: 'a' })).toMatchObject({ rows: ['a/a2', 'a/a1'] });
    const own = tokenFor({ projects: ['a', 'c', 'never'] });
    expect(await pageOf(server, {}, own)).toMatchObject({ rows: ['a/a2', 'c/c1', 'a/a1'] });
  });

  it('refuses what it cannot answer, by a code and a sentence', async () => {
    const server = await startTestServer();
    await start(server, 'a', 'a1');
    const { endCursor } = await pageOf(server, {});
    const many = Array.from({ length: 1_001 }, (_, index) => `p${index}`);
    const wrong: readonly (readonly [object, string])[] = [
      [{ filter: { projectIds: [] } }, 'filter.projectIds: must be 1 to 1000 ids'],
      [{ filter: { projectIds: many } }, 'filter.projectIds: must be 1 to 1000 ids'],
      [{ filter: { projectIds: [''] } }, 'filter.projectIds: must be'],
      [{ filter: { status: [] } }, 'filter.status: must be one or more'],
      [{ filter: { status: ['RUNNING'] } }, 'IngestionListStatus'],
      [{ filter: { colour: 'red' } }, 'colour'],
      [{ filter: { labels: [{ name: '', value: 'x' }] } }, 'filter.labels: a name must be'],
      [{ filter: { labels: [{ name: 'x', value: 'y'.repeat(129) }] } }, 'filter.labels: a value must be'],
      [
        { filter: { labels: Array(11).fill({ name: 'x', value: 'y' }) } },
        'filter.labels: must be at most 10',
      ],
      [{ filter: { startedSince: -1 } }, 'Timestamp'],
      [{ projectId: 'a', filter: { projectIds: ['a'] } }, 'projectId: not beside filter.projectIds'],
      [{ first: 0 }, 'first: must be 1 to 100'],
      [{ first: 101 }, 'first: must be 1 to 100'],
      [{ after: 'nonsense' }, 'after: must be the cursor'],
      [{ after: Buffer.from('["x",2,1,"a","b"]').toString('base64url') }, 'after: must be the cursor'],
      [{ filter: { status: ['ACTIVE'] }, after: endCursor }, 'after: is the cursor of another filter'],
      [{ projectId: 'a', after: endCursor }, 'after: must be the cursor'],
    ];
    for (const [variables, sentence] of wrong) {
      const answer = await pageOf(server, variables);
      expect(answer, JSON.stringify(variables).slice(0, 100)).toMatchObject({ codes: ['BAD_USER_INPUT'] });
      expect(answer.text).toContain(sentence);
    }
    const own = tokenFor({ projects: ['a'] });
    expect(await pageOf(server, { filter: { projectIds: ['a', 'b'] } }, own)).toMatchObject({
      codes: ['FORBIDDEN'],
    });
    const writer = tokenFor({ projects: ['a'], scope: '' });
    expect(await pageOf(server, {}, writer)).toMatchObject({ codes: ['FORBIDDEN'] });
  });
});

describe('Subscription.ingestions', () => {
  it('begins with the page, then tells what entered, changed and left', async () => {
    const server = await startTestServer();
    const { emitter } = server.server;
    await start(server, 'a', 'a1', { title: 'First' });
    const watched = list(server, { first: 2 });
    const first = await watched.messages.next();
    expect(first).toMatchObject({
      __typename: 'IngestionListSnapshot',
      counts: { active: 1, failed: 0, ended: 0, hasMore: false },
      pageInfo: { hasNextPage: false },
      rows: [{ projectId: 'a', id: 'a1', title: 'First', status: 'RUNNING', phaseCount: 4, attempt: 1 }],
    });
    await emitter.emitPhaseStarted('a', 1, 'Looking');
    await watched.until(() => watched.row('a', 'a1')?.phaseName === 'Discovery');
    await start(server, 'b', 'b1');
    await watched.until(() => watched.page().length === 2);
    await start(server, 'c', 'c1');
    await watched.until(({ pageInfo }) => pageInfo.hasNextPage);
    expect(watched.page()).toEqual(['c/c1', 'b/b1']);
    await emitter.emitComplete('c', {});
    await watched.until(() => watched.page().includes('a/a1'));
    expect(watched.page()).toEqual(['b/b1', 'a/a1']);
    await emitter.emitError('b', 1, { errorCode: 'BROKEN', message: 'No.', recoverable: false });
    const last = await watched.until(({ counts }) => counts.failed === 1);
    expect(last.counts).toEqual({ active: 1, failed: 1, ended: 1, hasMore: false });
    expect(watched.page()).toEqual(['a/a1', 'c/c1']);
    expect(watched.violations).toEqual([]);
  });

  it('sends one message a second however many rows move, one change of a row in it, and an ending at once', async () => {
    const server = await startTestServer();
    const { emitter } = server.server;
    for (let index = 0; index < 20; index += 1) {
      await start(server, `p${index}`, 'run');
      await emitter.emitPhaseStarted(`p${index}`, 1, 'Looking');
    }
    const watched = list(server);
    await watched.messages.next();
    const beganAt = performance.now();
    let percent = 0;
    const moving = setInterval(() => {
      percent += 0.2;
      for (let index = 0; index < 20; index += 1) emitter.emitProgressUpdate(`p${index}`, 1, percent);
    }, 50);
    onTestFinished(() => clearInterval(moving));
    await watched.until(() => performance.now() - beganAt > 4_000);
    const seconds = (performance.now() - beganAt) / 1_000;
    expect(watched.messages.all.length - 1).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    clearInterval(moving);
    const endedAt = performance.now();
    await emitter.emitComplete('p3', {});
    await watched.until(() => watched.row('p3', 'run')?.status === 'COMPLETED');
    expect(performance.now() - endedAt).toBeLessThan(1_000);
    expect(watched.violations).toEqual([]);
  }, 30_000);

  it('shares a view among those who may see the same, and shows others only what is theirs', async () => {
    const server = await startTestServer();
    for (const projectId of ['a', 'b', 'c']) await start(server, projectId, 'run');
    const own = list(server, {}, tokenFor({ projects: ['a', 'b'], sub: 'one' }));
    const same = list(server, {}, tokenFor({ projects: ['b', 'a'], sub: 'two' }));
    const other = list(server, { filter: { projectIds: ['c'] } });
    for (const watched of [own, same, other]) await watched.messages.next();
    expect(own.page()).toEqual(['b/run', 'a/run']);
    expect(same.page()).toEqual(['b/run', 'a/run']);
    expect(other.page()).toEqual(['c/run']);
    const text = await (await server.get('/metrics')).text();
    expect(text).toMatch(/list_subscriptions(\{[^}]*\})? 3/);
    expect(text).toMatch(/list_views(\{[^}]*\})? 2/);
    await server.server.emitter.emitComplete('c', {});
    await other.until(() => other.row('c', 'run')?.status === 'COMPLETED');
    expect(own.messages.unread + same.messages.unread).toBe(0);
  });

  it('refuses a project that is not covered, a malformed filter and a page that is too long', async () => {
    const server = await startTestServer();
    const token = tokenFor({ projects: ['a'] });
    expect(await list(server, { filter: { projectIds: ['a', 'b'] } }, token).ended).toEqual(['FORBIDDEN']);
    expect(await list(server, { filter: { projectIds: [] } }, token).ended).toEqual(['BAD_USER_INPUT']);
    expect(await list(server, { first: 101 }, token).ended).toEqual(['BAD_USER_INPUT']);
  });

  it('asks a host’s rule in bulk, also about what starts later, and lets rows leave that it allows no more', async () => {
    const allowed = new Set(['a', 'b']);
    const asked: (readonly string[])[] = [];
    const access: AccessPolicy = {
      allows: (_viewer, projectId) => allowed.has(projectId),
      filter: async (_viewer, projectIds) => {
        asked.push(projectIds);
        return projectIds.filter((projectId) => allowed.has(projectId));
      },
    };
    const server = await startTestServer({ access, accessRecheckSeconds: 1 });
    for (const projectId of ['a', 'b', 'x']) await start(server, projectId, 'run');
    const watched = list(server, {}, tokenFor({ projects: [] }));
    const named = list(server, { filter: { projectIds: ['b'] } }, tokenFor({ projects: [] }));
    await watched.messages.next();
    await named.messages.next();
    expect(watched.page()).toEqual(['b/run', 'a/run']);
    expect(asked.some((projectIds) => projectIds.length === 3)).toBe(true);
    allowed.add('late');
    await start(server, 'y', 'run');
    await start(server, 'late', 'run');
    await watched.until(() => watched.page().length === 3);
    expect(watched.page()).toEqual(['late/run', 'b/run', 'a/run']);
    allowed.delete('b');
    expect(await named.ended).toEqual(['FORBIDDEN']);
    await watched.until(() => watched.page().length === 2);
    expect(watched.page()).toEqual(['late/run', 'a/run']);
    expect(await pageOf(server, {}, tokenFor({ projects: [] }))).toMatchObject({
      rows: ['late/run', 'a/run'],
    });
  }, 30_000);

  it('takes the projects of a fresh token', async () => {
    const server = await startTestServer();
    for (const projectId of ['a', 'b']) await start(server, projectId, 'run');
    const stock = connectStock(server.wsUrl, { token: tokenFor({ projects: ['a'] }) });
    const watched = watchList(stock);
    await watched.messages.next();
    expect(watched.page()).toEqual(['a/run']);
    const query = 'mutation ($token: String!) { refreshToken(token: $token) { expiresAt } }';
    const refresh = (projects: readonly string[]) =>
      stock.client.iterate({ query, variables: { token: tokenFor({ projects }) } }).next();
    await refresh(['b']);
    await watched.until(() => watched.page()[0] === 'b/run');
    expect(watched.page()).toEqual(['b/run']);
  });

  it('also comes by server-sent events', async () => {
    const server = await startTestServer();
    await start(server, 'a', 'run');
    const query = 'subscription { ingestions { __typename ... on IngestionListSnapshot { rows { id } } } }';
    const response = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${EVERYTHING}` },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('IngestionListSnapshot')) text += (await reader?.read())?.value ?? '';
    expect(text).toContain(
      '{"data":{"ingestions":{"__typename":"IngestionListSnapshot","rows":[{"id":"run"}]}}}',
    );
    await reader?.cancel();
  });

  it('has after a restart what had ended, and what runs', async () => {
    using dataDir = createTemporaryDirectory();
    const before = await startTestServer({ store: createEmbeddedStore({ dataDir: dataDir.path }) });
    await start(before, 'a', 'over');
    await before.server.emitter.emitComplete('a', {});
    const token = tokenFor({ projects: '*', scope: 'progress:write' });
    const begin =
      'mutation { startIngestion(input: { projectId: "b", ingestionId: "run" }) { progress { id } } }';
    await before.graphql(begin, {}, token);
    await before.server.close();
    const after = await startTestServer({ store: createEmbeddedStore({ dataDir: dataDir.path }) });
    const watched = list(after);
    await watched.messages.next();
    expect(watched.page()).toEqual(['b/run', 'a/over']);
  });
});

describe('two servers', () => {
  it('tell each other’s lists of rows, heal what was lost, and agree with the store in the end', async () => {
    const redis = await startRedisProcess();
    try {
      const store: ProgressStore = {
        ...createMemoryStore(),
        exclusive: false,
        close: () => Promise.resolve(),
      };
      const bus = () => createRedisBus({ url: redis.url, keyPrefix: 'lists:' });
      const a = await startTestServer({ store, bus: bus() });
      const b = await startTestServer({ store, bus: bus() });
      await a.line(({ message }) => message === 'other servers found');
      const watched = list(b);
      await watched.messages.next();
      for (let index = 0; index < 5; index += 1) await start(a, `p${index}`, 'run');
      await watched.until(() => watched.page().length === 5);
      const endedAt = performance.now();
      await a.server.emitter.emitComplete('p1', {});
      await watched.until(() => watched.row('p1', 'run')?.status === 'COMPLETED');
      expect(performance.now() - endedAt).toBeLessThan(1_000);
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await a.server.emitter.emitComplete('p2', {});
      await watched.until(() => watched.row('p2', 'run')?.status === 'COMPLETED');
      await redis.kill();
      await a.server.emitter.emitComplete('p3', {});
      await start(a, 'p3', 'again');
      await watched.until(
        () => watched.page().includes('p3/again') && watched.row('p3', 'run')?.status === 'COMPLETED',
      );
      expect(watched.page()).toEqual((await pageOf(b, {})).rows);
      expect(watched.violations).toEqual([]);
    } finally {
      await redis.dispose();
    }
  }, 60_000);
});
