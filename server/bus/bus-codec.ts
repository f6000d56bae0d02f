/** What the bus sends as text, and back. An event's state is that of its record, and is sent once. */
import {
  EVENT_TYPES,
  type IngestionCommand,
  type IngestionEvent,
  type IngestionRow,
} from '@ingestion-progress/schema';
import { z } from 'zod';
import { withRequestId } from '../progress/change.js';
import type { IngestionChange } from '../progress/record.js';
import { parseRecord, serializeRecord } from '../progress/record-codec.js';
import type { BusMessage, RowBatch } from './event-bus.js';

const messageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('change'),
    event: z.looseObject({
      projectId: z.string(),
      revision: z.number(),
      payload: z.looseObject({ type: z.string() }),
      requestId: z.string().optional(),
    }),
    record: z.unknown(),
  }),
  z.object({ kind: z.literal('command'), command: z.looseObject({ id: z.string(), projectId: z.string() }) }),
]);

const KNOWN_TYPES: ReadonlySet<string> = new Set(Object.values(EVENT_TYPES));

/** A change as the two JSON texts that the scripts of Redis put together. */
export function serializeChange({ event, record, requestId }: IngestionChange): {
  readonly event: string;
  readonly record: string;
} {
  const { progress, ...rest } = event;
  const sent = progress?.revision === record.progress.revision ? rest : event;
  return { event: JSON.stringify({ ...sent, requestId }), record: serializeRecord(record) };
}

/** A command as a message. */
export function serializeCommand(command: IngestionCommand): string {
  return JSON.stringify({ kind: 'command', command });
}

const nullableNumber = z.number().nullable();
const nullableText = z.string().nullable();
const rowSchema: z.ZodType<IngestionRow> = z.object({
  id: z.string(),
  projectId: z.string(),
  title: nullableText,
  labels: z.array(z.object({ name: z.string(), value: z.string() })),
  status: z.enum(['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']),
  outcome: z.enum(['SUCCESS', 'PARTIAL']).nullable(),
  revision: z.number(),
  currentPhase: z.number(),
  phaseCount: z.number(),
  phaseName: nullableText,
  progressPercent: nullableNumber,
  etaSeconds: nullableNumber,
  etaLowSeconds: nullableNumber,
  etaHighSeconds: nullableNumber,
  errorCode: nullableText,
  recoverable: z.boolean(),
  paused: z.boolean(),
  attempt: z.number(),
  startedAt: z.number(),
  updatedAt: z.number(),
  completedAt: nullableNumber,
});
const rowsSchema = z.object({ kind: z.literal('rows'), from: z.string(), rows: z.array(rowSchema) });

/** Rows as a message. */
export function serializeRows({ from, rows }: RowBatch): string {
  return JSON.stringify({ kind: 'rows', from, rows });
}

/** The rows of that text; throws where they are none, or of a version with others. */
export function parseRows(text: string): RowBatch {
  const { from, rows } = rowsSchema.parse(JSON.parse(text));
  return { from, rows };
}

/** The message of that text; throws where it is none of ours. */
export function parseMessage(text: string): BusMessage {
  const message = messageSchema.parse(JSON.parse(text));
  // Sent by a server of ours and checked as far as readers rely on it; the record is checked whole.
  if (message.kind === 'command')
    return { kind: 'command', command: message.command as unknown as IngestionCommand };
  const record = parseRecord(JSON.stringify(message.record), 'record of a message');
  const { requestId, payload, ...rest } = message.event;
  // A later version may send a type that is not known here: its state is as good as that of any other event.
  const known = KNOWN_TYPES.has(payload.type) ? payload : { type: 'snapshot' };
  const event = { progress: record.progress, ...rest, payload: known } as unknown as IngestionEvent;
  return { kind: 'change', change: withRequestId({ event, record }, requestId) };
}
