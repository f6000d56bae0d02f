/** Compiled documents say what graphql-js says, byte for byte, and leave to it what they do not understand. */
import fc from 'fast-check';
import {
  execute,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import type { FieldNode, GraphQLNamedType, OperationDefinitionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { EventPayload, IngestionEvent, IngestionProgress, Phase } from '@ingestion-progress/schema';
import { compileField } from '../../../server/graphql/compiled-selection.js';
import { createProgressSchema } from '../../../server/graphql/schema.js';
import { toGraphqlEvent } from '../../../server/graphql/shared-execution.js';
import { failureOf, recordOf } from '../../support/records.js';

// Nothing under an event asks the service or the hub; whatever did would fail here.
const schema = createProgressSchema({
  service: {} as never,
  hub: {} as never,
  lists: {} as never,
  listReader: {} as never,
  clock: { now: () => 0 },
  publicUrl: () => 'http://localhost',
});
const EVENT = 'IngestionEvent';

function both(
  query: string,
  event: IngestionEvent,
): { readonly executed: string; readonly compiled: string | null } {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const root = operation.selectionSet.selections[0] as FieldNode;
  const type = schema.getSubscriptionType()?.getFields()['ingestionProgress']?.type;
  const complete = type === undefined ? null : compileField(schema, document, type, root);
  const key = root.alias?.value ?? root.name.value;
  const executed = execute({ schema, document, rootValue: event });
  if (executed instanceof Promise) throw new Error('Executed asynchronously.');
  return {
    executed: JSON.stringify(executed),
    compiled: complete === null ? null : JSON.stringify({ data: { [key]: complete(toGraphqlEvent(event)) } }),
  };
}

/**
 * Draws a selection set for a type, as text: fields and aliases, inline and named fragments, all valid together. Types
 * that differ may not give one key two shapes, hence `prefix`.
 */
function drawSelection(
  type: GraphQLNamedType,
  pick: (most: number) => number,
  fragments: string[],
  depth: number,
  prefix = '',
): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const parts: string[] = ['__typename'];
  for (const field of Object.values(type.getFields())) {
    const named = getNamedType(field.type);
    if (pick(3) === 0 || (isCompositeType(named) && depth === 0)) continue;
    const inner = isCompositeType(named) ? drawSelection(named, pick, fragments, depth - 1) : '';
    const name = `${prefix}${field.name}${pick(5) === 0 ? `_${pick(3)}` : ''}`;
    parts.push(`${name === field.name ? '' : `${name}: `}${field.name}${inner}`);
    // The same key again, with other fields under it: selections of one key are merged.
    if (pick(6) === 0) {
      const more = isCompositeType(named) ? drawSelection(named, pick, fragments, depth - 1) : '';
      parts.push(`${name === field.name ? '' : `${name}: `}${field.name}${more}`);
    }
  }
  if (isAbstractType(type)) {
    for (const possible of schema.getPossibleTypes(type)) {
      if (pick(2) === 0) continue;
      parts.push(
        `... on ${possible.name}${drawSelection(possible, pick, fragments, 1, `${possible.name}_`)}`,
      );
    }
  }
  if (pick(4) === 0) parts.push(`...${drawSelection(type, pick, fragments, 0, prefix)}`);
  if (pick(4) === 0) {
    const name = `F${fragments.push('') - 1}`;
    const body = drawSelection(type, pick, fragments, 0, prefix);
    fragments[Number(name.slice(1))] = `fragment ${name} on ${type.name}${body}`;
    parts.push(`...${name}`);
  }
  return ` { ${parts.join(' ')} }`;
}

const count = fc.option(fc.nat(), { nil: null });
const rate = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: null });
const metrics = fc.record({
  itemsTotal: count,
  itemsProcessed: count,
  itemsFailed: count,
  bytesTotal: count,
  bytesProcessed: count,
  itemsPerSecond: rate,
  etaSeconds: rate,
  etaLowSeconds: rate,
  etaHighSeconds: rate,
  itemsTotalIsFinal: fc.boolean(),
  counters: fc.array(
    fc.record({
      name: fc.string({ minLength: 1 }),
      label: fc.string({ unit: 'grapheme' }),
      value: fc.double({ noDefaultInfinity: true, noNaN: true }),
      unit: fc.option(fc.string(), { nil: null }),
    }),
    { maxLength: 3 },
  ),
});
const progress: fc.Arbitrary<IngestionProgress> = fc
  .record({
    metrics: fc.option(metrics, { nil: null }),
    message: fc.option(fc.string({ unit: 'grapheme' }), { nil: null }),
    percent: fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: null }),
    failed: fc.boolean(),
    output: fc.jsonValue(),
  })
  .map(({ metrics: counted, message, percent, failed, output }) => {
    const { progress: plain } = recordOf({ revision: 7, metrics: counted, progressPercent: percent });
    const phases = plain.phases.map((phase: Phase) => ({ ...phase, metrics: counted, message, percent }));
    const result = {
      outcome: 'PARTIAL' as const,
      itemsProcessed: 1,
      itemsFailed: null,
      bytesProcessed: null,
      links: [],
      durationMs: 5,
      summary: message,
      output,
    };
    return { ...plain, phases, result, ...(failed ? failureOf(true) : {}) };
  });

function payloadsOf({ metrics: counted, result, error }: IngestionProgress): EventPayload[] {
  const all: EventPayload[] = [
    { type: 'snapshot' },
    { type: 'phase_started', phase: 1, phaseName: 'Discovery', message: 'Looking' },
    { type: 'cancelled', requestedBy: null },
  ];
  if (counted !== null) all.push({ type: 'progress_update', phase: 1, progressPercent: 1, metrics: counted });
  if (result !== null) all.push({ type: 'ingestion_complete', result });
  if (error !== null) {
    const { phase: _phase, occurredAt: _at, ...failure } = error;
    all.push({ type: 'error', phase: 1, ...failure });
  }
  return all;
}

const event = progress.chain((state) =>
  fc.constantFrom(...payloadsOf(state)).map((payload): IngestionEvent => ({
    projectId: 'p',
    ingestionId: state.id,
    revision: state.revision,
    timestamp: 9,
    progress: state,
    payload,
  })),
);

describe('a compiled document', () => {
  it('gives the bytes that graphql-js gives, whatever is asked of whatever event', () => {
    fc.assert(
      fc.property(event, fc.infiniteStream(fc.nat()), (given, stream) => {
        const pick = (most: number) => (stream.next().value ?? 0) % most;
        const fragments: string[] = [];
        const type = schema.getType(EVENT);
        if (type === undefined) throw new Error('The schema has no events.');
        const selection = drawSelection(type, pick, fragments, 4);
        const query = `subscription { ingestionProgress(projectId: "p")${selection} } ${fragments.join(' ')}`;
        const { executed, compiled } = both(query, given);
        expect(compiled).not.toBeNull();
        expect(compiled).toBe(executed);
      }),
      { numRuns: 150 },
    );
  });

  const [snapshot] = fc.sample(event, { numRuns: 1, seed: 1 });
  const ask = (selection: string) => `subscription { ingestionProgress(projectId: "p") { ${selection} } }`;

  it('leaves directives to graphql-js, also inside fragments', () => {
    expect(both(ask('revision @include(if: true)'), snapshot!).compiled).toBeNull();
    expect(both(ask('... @skip(if: true) { revision } timestamp'), snapshot!).compiled).toBeNull();
    expect(both(ask('progress { phases { ... { name @skip(if: false) } } }'), snapshot!).compiled).toBeNull();
  });

  it('leaves to graphql-js a key that would be the prototype of a plain object', () => {
    expect(both(ask('__proto__: revision'), snapshot!).compiled).toBeNull();
  });

  it('throws where a value is not as the schema says, so that graphql-js words the error', () => {
    const broken = { ...snapshot!, revision: null } as unknown as IngestionEvent;
    expect(() => both(ask('revision'), broken)).toThrow();
  });
});
