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
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../../server/bus/bus-codec.js';
import { reduce, type ReduceResult } from '../../../server/progress/reduce.js';
import type { Report } from '../../../server/progress/report.js';
import { parseEvent, parseRecord, serializeRecord } from '../../../server/progress/record-codec.js';
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

/** The same with a field of a later version in every object, at every depth. */
function withLaterFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withLaterFields);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, field]) => [name, withLaterFields(field)]);
  return { ...Object.fromEntries(entries), later: { deep: [1] } };
}

/** A record as a later version stores it. */
function laterRecord(progress: Record<string, unknown> = {}): string {
  const of = (type: string) => objectOf(schema.getType(type) as GraphQLObjectType);
  const all = of('IngestionProgress');
  const phases = (all['phases'] as object[]).map((phase, index) => ({
    ...phase,
    number: index + 1,
    status: 'RUNNING',
    error: null,
  }));
  return JSON.stringify(
    withLaterFields({
      version: 1,
      progress: {
        ...all,
        status: 'RUNNING',
        phases,
        currentPhase: 1,
        waiting: null,
        pause: null,
        ...progress,
      },
      lastSequence: 1,
      ownerServerId: null,
      work: phases.map(() => ({ ownPercent: 1, hasOwnRate: true, activeMs: null, remaining: null })),
      rate: null,
      cancelRequestedBy: null,
    }),
  );
}

describe('what a later version stored', () => {
  it('keeps the fields that are not known here, at every depth, when it is written again', () => {
    // Everything at once, though no ingestion has all of it.
    const { waiting, pause } = objectOf(schema.getType('IngestionProgress') as GraphQLObjectType);
    const text = laterRecord({ waiting, pause });
    expect(JSON.parse(serializeRecord(parseRecord(text, 'record of this test')))).toEqual(JSON.parse(text));
  });

  const location = { projectId: 'p', ingestionId: null };
  it.each([
    [
      'progress',
      {
        type: 'progress_update',
        report: {
          ...location,
          phase: 1,
          progressPercent: 7,
          metrics: { counters: [{ name: 'text', value: 2 }] },
        },
      },
    ],
    ['a heartbeat', { type: 'heartbeat', report: location }],
    ['the next phase', { type: 'phase_started', report: { ...location, phase: 2, message: 'On' } }],
    ['an ending', { type: 'ingestion_complete', report: { ...location, result: {} } }],
  ] satisfies readonly (readonly [string, Report])[])(
    'keeps them through a report of %s',
    (_what, report: Report) => {
      const record = parseRecord(laterRecord(), 'record of this test');
      const result: ReduceResult = reduce(record, report, record.progress.updatedAt + 1_000);
      if (result.kind !== 'changed') throw new Error(JSON.stringify(result));
      const next = JSON.parse(serializeRecord(result.change.record)) as Record<string, unknown>;
      const later = { deep: [1] };
      const phase = { later, metrics: { later, counters: [{ later }] } };
      expect(next).toMatchObject({
        later,
        work: [{ later }, { later }, { later }, { later }],
        progress: { later, phases: [phase, phase, phase, phase], problems: { later }, labels: [{ later }] },
      });
    },
  );

  it('is refused if the record itself is of a later version, without advice to change or delete it', () => {
    const text = laterRecord().replace('"version":1', '"version":2');
    const refusal = () => parseRecord(text, 'record of this test');
    expect(refusal).toThrow('cannot be read');
    try {
      refusal();
    } catch (error) {
      const words = `${String(error)} ${String((error as Error).cause)}`;
      expect(words).toContain('a newer version of the server wrote it');
      expect(words).not.toMatch(/delete|by hand|backup|move/);
    }
  });

  it('is a snapshot to watchers, if it is an event whose type is not known here', () => {
    const event = {
      projectId: 'p',
      ingestionId: 'i',
      revision: 7,
      timestamp: 1,
      payload: { type: 'later', x: 1 },
    };
    const record: unknown = JSON.parse(laterRecord());
    const message = parseMessage(JSON.stringify({ kind: 'change', event, record }));
    expect(message).toMatchObject({ kind: 'change', change: { event: { payload: { type: 'snapshot' } } } });
  });

  it('is listed as it is, if it is a log entry whose type is not known here', () => {
    const entry = { id: '7', type: 'later', revision: 7, timestamp: 1, payload: { x: 1 } };
    expect(parseEvent(JSON.stringify(entry), 'entry of this test')).toEqual(entry);
  });
});
