/** A stored record keeps every field of the schema: one that the codec does not know would be dropped without an error. */
import type { IngestionProgress } from '@ingestion-progress/schema';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  buildSchema,
  getNullableType,
  isEnumType,
  isListType,
  isObjectType,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';
import { expect, it } from 'vitest';
import { parseRecord, serializeRecord } from '../../../server/progress/record-codec.js';
import type { IngestionRecord } from '../../../server/progress/record.js';

const contract = createRequire(import.meta.url).resolve('@ingestion-progress/schema/schema.graphql');
const schema = buildSchema(readFileSync(contract, 'utf8'));

const SCALARS: Readonly<Record<string, unknown>> = {
  ...{ Boolean: true, Float: 0.5, ID: 'an-id', Int: 1, String: 'text', SafeInt: 7 },
  ...{ Timestamp: 1_700_000_000_000, JSON: { any: ['value'] } },
};

/** A value of that type with nothing left out; lists have one item, but an ingestion has four phases. */
function valueOf(type: GraphQLOutputType): unknown {
  const plain = getNullableType(type);
  if (isListType(plain)) {
    const item: GraphQLOutputType = plain.ofType;
    const isPhases = String(getNullableType(item)) === 'Phase';
    return Array.from({ length: isPhases ? 4 : 1 }, () => valueOf(item));
  }
  if (isObjectType(plain)) return objectOf(plain);
  if (isEnumType(plain)) return plain.getValues()[0]?.value;
  const value = SCALARS[String(plain)];
  if (value === undefined) throw new Error(`Give the scalar ${String(plain)} a value in this test.`);
  return value;
}

function objectOf(type: GraphQLObjectType): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(type.getFields()).map(([name, field]) => [name, valueOf(field.type)]),
  );
}

it('keeps every field of IngestionProgress, and of what is in it', () => {
  const progress = objectOf(schema.getType('IngestionProgress') as GraphQLObjectType);
  const record: IngestionRecord = {
    version: 1,
    progress: progress as unknown as IngestionProgress,
    lastSequence: 1,
    ownerServerId: 'server',
    attemptKey: 'key',
    work: [{ ownPercent: 1, hasOwnRate: true, activeMs: 2, remaining: null }],
    rate: null,
    cancelRequestedBy: 'anna',
  };
  expect(parseRecord(serializeRecord(record), 'record of this test')).toEqual(record);
});

it('reads a record that was stored before a metric was introduced: what it counts is unknown', () => {
  const progress = objectOf(schema.getType('IngestionProgress') as GraphQLObjectType);
  const metrics = progress['metrics'] as Record<string, unknown>;
  const earlier = { ...progress, metrics: { ...metrics, itemsTotal: undefined, itemsPerSecond: undefined } };
  const text = JSON.stringify({
    version: 1,
    progress: earlier,
    lastSequence: null,
    ownerServerId: null,
    rate: null,
    cancelRequestedBy: null,
  });
  expect(parseRecord(text, 'record of this test').progress.metrics).toEqual({
    ...metrics,
    itemsTotal: null,
    itemsPerSecond: null,
  });
});
