/** The fast road and the ordinary one give the same bytes, for any document that both can take. */
import type { EventPayload, IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';
import { WatchIngestionsDocument } from '@ingestion-progress/schema/operations';
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { getNamedType, isAbstractType, execute, isObjectType, parse, subscribe } from 'graphql';
import type { ExecutionResult, GraphQLObjectType, GraphQLInterfaceType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createDocuments } from '../../../server/graphql/documents.js';
import type { Prepared } from '../../../server/graphql/documents.js';
import { createErrorMask } from '../../../server/graphql/error-mask.js';
import type { ResolverOptions } from '../../../server/graphql/context.js';
import { createProgressSchema } from '../../../server/graphql/schema.js';
import { createSharedExecution, type SharedExecution } from '../../../server/graphql/shared-execution.js';
import type { ListMessage } from '../../../server/list/list-view.js';
import { rowOf } from '../../../server/list/row.js';
import { failureOf, recordOf } from '../../support/records.js';

const unused = null as unknown as ResolverOptions;
const schema = createProgressSchema({ ...unused, clock: { now: () => 0 }, publicUrl: () => '' });
const mask = createErrorMask({ log: () => undefined });
const documents = createDocuments({ schema, introspection: false });

function prepare(query: string, variables: Record<string, unknown> = {}): Prepared {
  const prepared = documents.prepare({ query, variables });
  if ('document' in prepared) return prepared;
  throw new Error(`${prepared[0]?.message}\n${query}`);
}

const METRICS = {
  ...{ itemsTotal: 10, itemsProcessed: 5, itemsFailed: null, bytesTotal: null, bytesProcessed: 2 ** 40 },
  ...{
    itemsPerSecond: 1.5,
    etaSeconds: null,
    etaLowSeconds: null,
    etaHighSeconds: null,
    itemsTotalIsFinal: true,
    counters: [{ name: 'pages', label: 'Ünï "c" \u2028', value: 1, unit: null }],
  },
};

function eventOf(payload: EventPayload, progress: Partial<IngestionProgress> = {}): IngestionEvent {
  const record = recordOf({ revision: 7, metrics: METRICS, ...progress });
  return { projectId: 'p', ingestionId: 'i', revision: 7, timestamp: 7, progress: record.progress, payload };
}

const EVENTS: readonly IngestionEvent[] = [
  {
    projectId: 'p',
    ingestionId: null,
    revision: 0,
    timestamp: 1,
    progress: null,
    payload: { type: 'snapshot' },
  },
  eventOf({ type: 'snapshot' }, failureOf(true)),
  eventOf({ type: 'phase_started', phase: 2, phaseName: 'B', message: 'b' }),
  eventOf({ type: 'progress_update', phase: 1, progressPercent: null, metrics: METRICS }),
  eventOf({ type: 'cancelled', requestedBy: null }),
  // Breaks the schema, so that errors are compared too.
  eventOf({ type: 'snapshot' }, { revision: Number.NaN }),
];

type Composite = GraphQLObjectType | GraphQLInterfaceType;

/** Any selection of a type: fields with and without alias or directive, and fragments on the types it may be. */
function selection(type: Composite, depth: number): Arbitrary<string> {
  const fields = Object.values(type.getFields()).filter(
    (field) => depth > 0 || !isObjectType(getNamedType(field.type)),
  );
  const plain = fc
    .record({
      field: fc.constantFrom(...fields),
      // By the field's name, so that two of the same alias never differ.
      alias: fc.boolean(),
      directive: fc.constantFrom('', '', '@include(if: $yes)', '@skip(if: $yes)'),
    })
    .chain(({ field, alias, directive }) => {
      const named = getNamedType(field.type);
      const head = `${alias ? `${field.name}_${type.name}: ` : ''}${field.name} ${directive}`;
      return isObjectType(named)
        ? selection(named, depth - 1).map((inner) => `${head} { ${inner} }`)
        : fc.constant(head);
    });
  const others = [plain, fc.constant('__typename')];
  if (isAbstractType(type)) {
    const possible = schema.getPossibleTypes(type);
    others.push(
      fc
        .constantFrom(...possible)
        .chain((one) => selection(one, depth).map((inner) => `... on ${one.name} { ${inner} }`)),
    );
  }
  return fc.array(fc.oneof(...others), { minLength: 1, maxLength: 4 }).map((lines) => lines.join(' '));
}

const eventType = schema.getType('IngestionEvent') as GraphQLInterfaceType;
const documentOf = (inner: string) =>
  `subscription ($yes: Boolean!) { ingestionProgress(projectId: "p") { __typename @include(if: $yes) ${inner} } }`;

async function byOrdinaryRoad({ document, variables }: Prepared): Promise<string[]> {
  const field = schema.getSubscriptionType()?.getFields()['ingestionProgress'];
  if (field === undefined) throw new Error('no field');
  const { subscribe: real } = field;
  field.subscribe = async function* () {
    yield* EVENTS;
  };
  const opened = await subscribe({ schema, document, variableValues: variables, contextValue: {} });
  if (real === undefined) delete field.subscribe;
  else field.subscribe = real;
  const payloads: string[] = [];
  for await (const { data, errors } of opened as AsyncIterable<ExecutionResult>) {
    // As graphql-ws sends it: data, then errors where there are any.
    const shown = errors?.map((error) => mask(error).toJSON());
    payloads.push(JSON.stringify(shown === undefined ? { data } : { data, errors: shown }));
  }
  return payloads;
}

function progressRenderer(shared: SharedExecution, prepared: Prepared) {
  const subscription = shared.prepare(prepared);
  return subscription?.field === 'ingestionProgress' ? subscription.renderer : null;
}

describe('a message of a list', () => {
  const row = rowOf(
    recordOf({ title: 'Ünï "t" \u2028', labels: [{ name: 'a', value: 'b' }], progressPercent: 12.5 }),
  );
  const envelope = {
    counts: { active: 1, failed: 0, ended: 0, hasMore: false },
    pageInfo: { hasNextPage: false, endCursor: null },
    timestamp: 7,
  };
  const messages: readonly ListMessage[] = [
    { __typename: 'IngestionListSnapshot', ...envelope, rows: [row] },
    {
      __typename: 'IngestionListChange',
      ...envelope,
      ...{
        entered: [],
        changed: [row, rowOf(recordOf(failureOf(true)))],
        left: [{ projectId: 'p', id: 'i' }],
      },
    },
    // Breaks the schema, so that errors are compared too.
    { __typename: 'IngestionListSnapshot', ...envelope, rows: [{ ...row, revision: Number.NaN }] },
  ];

  it.each([
    String(WatchIngestionsDocument),
    'subscription { list: ingestions { timestamp ... on IngestionListChange { left { id } gone: left { projectId } } } }',
    'subscription ($first: Int!) { ingestions(first: $first) { ... on IngestionListSnapshot { rows { key: id labels { value } } } } }',
  ])('is told alike on both roads, and once for all who asked alike: %s', (query) => {
    const shared = createSharedExecution(schema, mask);
    const prepared = prepare(query, { first: 5, filter: { status: ['ACTIVE'] } });
    const subscription = shared.prepare(prepared);
    if (subscription?.field !== 'ingestions') throw new Error('Not shared.');
    for (const message of messages) {
      const { document, variables } = prepared;
      const result = execute({
        schema,
        document,
        variableValues: variables,
        rootValue: message,
        contextValue: {},
      });
      const { data, errors } = result as ExecutionResult;
      const shown = errors?.map((error) => mask(error).toJSON());
      const ordinary = JSON.stringify(shown === undefined ? { data } : { data, errors: shown });
      expect(String(subscription.renderer.render(message))).toBe(ordinary);
    }
    const other = shared.prepare(prepare(query, { first: 9 }));
    expect(other?.renderer).toBe(subscription.renderer);
    expect(shared.executions).toBe(messages.length);
  });
});

describe('any document', () => {
  it('is told alike on both roads', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(selection(eventType, 4), fc.boolean(), async (inner, yes) => {
        const query = documentOf(inner);
        // Random aliases may clash; such a document reaches neither road.
        if (documents.validate(parse(query)).length > 0) return;
        const prepared = prepare(query, { yes });
        const renderer = progressRenderer(createSharedExecution(schema, mask), prepared);
        const fast = EVENTS.map((event) => String(renderer?.render(event)));
        expect(fast).toEqual(await byOrdinaryRoad(prepared));
        told += 1;
      }),
      { numRuns: 300 },
    );
    expect(told).toBeGreaterThan(100);
  });
});

describe('sharing', () => {
  const watch = (fields: string, more = '') =>
    `subscription W($p: ID!, $f: Boolean! ${more}) {
      ingestionProgress(projectId: $p, follow: $f) { revision ${fields} } }`;

  it('goes by document and by the variables that matter, not by project', () => {
    const shared = createSharedExecution(schema, mask);
    const lanes = ['a', 'b', 'c'].map((p) => shared.prepare(prepare(watch(''), { p, f: p === 'a' })));
    expect(new Set(lanes.map((one) => one?.renderer)).size).toBe(1);
    expect(lanes.map((one) => one?.args)).toMatchObject([
      { projectId: 'a', follow: true },
      { projectId: 'b', follow: false },
      { projectId: 'c', follow: false },
    ]);
    const skipping = watch('timestamp @skip(if: $yes)', '$yes: Boolean = false');
    const [yes, no, byDefault] = [{ yes: true }, { yes: false }, {}].map(
      (more) => shared.prepare(prepare(skipping, { p: 'a', f: true, ...more }))?.renderer,
    );
    expect(yes).not.toBe(no);
    expect(byDefault).toBe(no);
  });

  it('executes an event once, however often it is rendered', () => {
    const shared = createSharedExecution(schema, mask);
    const renderer = progressRenderer(shared, prepare(watch(''), { p: 'a', f: true }));
    const event = EVENTS[2] as IngestionEvent;
    expect(renderer?.render(event)).toBe(renderer?.render(event));
    expect(shared.executions).toBe(1);
  });

  it('is not for other fields, nor for what stands behind a directive or a fragment', () => {
    const shared = createSharedExecution(schema, mask);
    const root = 'ingestionProgress(projectId: "p") { revision }';
    for (const query of [
      'subscription { ingestionCommands(projectId: "p") { id } }',
      `subscription { ...R } fragment R on Subscription { ${root} }`,
      `query { serverTime }`,
    ]) {
      expect(shared.prepare(prepare(query))).toBeNull();
    }
  });
});
