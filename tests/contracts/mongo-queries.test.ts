/**
 * What the MongoDB store asks for, as it goes over the wire: each filter is found by the keys of an index alone, and no
 * answer grows with what is stored. By the declared indexes, since what a server makes of them is its own business.
 */
import { expect, it, onTestFinished } from 'vitest';
import { createMongoStore } from '../../server/store/mongo-store.js';
import { openTestDatabase } from '../support/mongo-process.js';
import { entryOf, failureOf, recordOf } from '../support/records.js';
import { startRefusingMongo, type MongoCommand } from '../support/refusing-mongo.js';

type Document = Readonly<Record<string, unknown>>;

/** One query of a command. */
interface Query {
  readonly command: string;
  readonly collection: string;
  readonly filter: Document;
  readonly sort: readonly string[];
  /** 0 if it has none. */
  readonly limit: number;
}

/** The conditions of a filter by field; those of `$and` are its own. */
function conditionsOf(filter: Document): Document {
  const { $and = [], ...own } = filter;
  return Object.assign({}, own, ...($and as Document[]).map(conditionsOf)) as Document;
}

/** The queries of a command that was sent; an aggregation begins with its filter. */
function queriesOf(command: string, sent: MongoCommand): readonly Query[] {
  const collection = String(sent[command]);
  const query = (filter: unknown, limit = 0, sort = {}): readonly Query[] =>
    // Each branch of an `$or` is a query of its own.
    ((filter as { readonly $or?: readonly Document[] }).$or ?? [filter as Document]).map((branch) => ({
      command,
      collection,
      filter: conditionsOf(branch),
      sort: Object.keys(sort),
      limit,
    }));
  switch (command) {
    case 'find':
      return query(sent['filter'] ?? {}, Number(sent['limit'] ?? 0), sent['sort'] as object | undefined);
    case 'update':
    case 'delete':
      return (sent[`${command}s`] as readonly { readonly q: Document }[]).flatMap(({ q }) => query(q));
    case 'count':
      return query(sent['query'] ?? {});
    case 'aggregate':
      return query((sent['pipeline'] as readonly { readonly $match: Document }[])[0]?.$match ?? {});
    default:
      return [];
  }
}

const isRange = (condition: unknown) =>
  typeof condition === 'object' &&
  condition !== null &&
  Object.keys(condition).some((operator) => ['$lt', '$gt', '$nin'].includes(operator));

/** Whether the filter's fields are the first keys of that index, a range after all others, and the sort goes on there. */
function isServedBy(keys: readonly string[], { filter, sort }: Query): boolean {
  const fields = Object.keys(filter);
  const prefix = keys.slice(0, fields.length);
  if (!fields.every((field) => prefix.includes(field))) return false;
  if (prefix.slice(0, -1).some((field) => isRange(filter[field]))) return false;
  const from = isRange(filter[prefix.at(-1) ?? '']) ? fields.length - 1 : fields.length;
  // All that is found is equal in these.
  const varying = sort.filter((field) => typeof filter[field] !== 'string');
  return varying.every((field, index) => keys[from + index] === field);
}

/** Whether a field of the filter is the document's own id, one or a list. */
const isById = ({ filter }: Query) => '_id' in filter && !isRange(filter['_id']);

/** Read whole: one document a server. */
const LEASES = 'ingestion_progress_leases';
/** Read without a limit: the leases, and the problems of one ingestion, of which a bounded number is kept. */
const BOUNDED: ReadonlySet<string> = new Set([LEASES, 'ingestion_progress_problems']);

it('finds everything by an index, and asks for a bounded number', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database.drop());
  await using proxy = await startRefusingMongo(database.uri);
  const queries: Query[] = [];
  const indexes = new Map<string, string[][]>();
  proxy.refuse((command, sent) => {
    if (command === 'createIndexes') {
      const all = indexes.get(String(sent[command])) ?? [];
      const created = sent['indexes'] as readonly { readonly key: ReadonlyMap<string, unknown> | Document }[];
      for (const { key } of created) all.push([...Object.keys(key)]);
      indexes.set(String(sent[command]), all);
    }
    queries.push(...queriesOf(command, sent));
    return null;
  });

  const store = createMongoStore({ uri: proxy.uri, maxLogEntries: 10 });
  onTestFinished(() => store.close());
  await store.open();
  const page = { first: 5, after: null };
  const START = { kind: 'start' } as const;
  for (let run = 1; run <= 3; run += 1) {
    const id = `i${run}`;
    const revision = run * 100;
    await store.write([{ record: recordOf({ id, revision }), guard: START, events: [entryOf(revision)] }]);
    for (let more = 1; more <= 15; more += 1) {
      const record = recordOf({ id, revision: revision + more });
      await store.write([{ record, guard: { kind: 'change' }, events: [entryOf(revision + more)] }]);
    }
    const failed = recordOf({ id, revision: revision + 20, ...failureOf(true) });
    await store.write([
      { record: failed, guard: { kind: 'change-from', revision: revision + 15 }, events: [] },
    ]);
  }
  await store.write([{ record: recordOf({ projectId: 'q' }), guard: START, events: [] }]);
  // One that is refused is looked up.
  await store.write([{ record: recordOf({ id: 'i3', revision: 1 }), guard: { kind: 'change' }, events: [] }]);
  await store.read('p');
  await store.readMany(['p', 'q', 'r']);
  for (const id of ['i1', 'i3']) await store.readIngestion('p', id);
  const { items } = await store.listIngestions('p', { first: 1, after: null });
  await store.listIngestions('p', { first: 1, after: items[0]?.cursor ?? null });
  for (const status of ['ACTIVE', 'FAILED', 'ENDED'] as const) {
    const list = { status, projectIds: null, startedSince: null, after: null } as const;
    await store.listByStatus(list, 1);
    const after = { startedAt: 9, id: 'i1', projectId: 'p' };
    await store.listByStatus({ ...list, startedSince: 1, after }, 1);
    await store.listByStatus({ ...list, projectIds: ['p', 'q'], after }, 1);
  }
  const log = await store.listEvents('p', 'i3', page);
  await store.listEvents('p', 'i3', { ...page, after: log.items[0]?.cursor ?? null });
  await store.appendEvents('p', 'i3', [entryOf(900, { type: 'command' })]);
  const problem = { attempt: 1, phase: null, code: 'UNREADABLE', severity: 'ERROR' } as const;
  const problems = [1, 2, 3].map((index) => ({
    ...problem,
    ...{ item: `${index}.pdf`, message: null, url: null, reportedAt: index, index: 0 },
  }));
  await store.appendProblems('p', 'i3', problems, 2);
  const all = { attempt: 1, severity: null, code: null };
  const one = await store.listProblems('p', 'i3', all, { first: 1, after: null });
  await store.listProblems('p', 'i3', all, { first: 1, after: one.items[0]?.cursor ?? null });
  await store.renewLease({ serverId: 's', renewedAt: 1, ttlMs: 1 });
  await store.listLeases();
  const now = Date.now();
  await store.listOpen({ list: 'overdue', before: now, after: null }, 5);
  await store.listOpen({ list: 'failed', before: now, after: null }, 5);
  await store.listOpen({ list: 'owned', exceptBy: ['s'] }, 5);
  await store.deleteBefore(now, 5);
  await store.ping();
  await store.close();

  const kinds = new Set(queries.map(({ command, collection }) => `${command} ${collection}`));
  expect(kinds.size).toBeGreaterThan(10);
  const unserved = queries.filter((query) => {
    const declared = indexes.get(query.collection) ?? [];
    const isWhole = query.collection === LEASES && Object.keys(query.filter).length === 0;
    return !isWhole && !isById(query) && !declared.some((keys) => isServedBy(keys, query));
  });
  expect(unserved).toEqual([]);
  const unbounded = queries.filter(
    (query) =>
      query.command === 'find' && !BOUNDED.has(query.collection) && query.limit === 0 && !isById(query),
  );
  expect(unbounded).toEqual([]);
}, 60_000);
