/** An event as GraphQL tells it: the type's name, the envelope and what is particular to it, side by side. */
import { EVENT_TYPES } from '@ingestion-progress/schema';
import type { IngestionEvent, IngestionEventType } from '@ingestion-progress/schema';
import type { ResolversInterfaceTypes } from '@ingestion-progress/schema/resolvers';

/** The shape that the resolvers of event types expect. */
export type WireEvent = ResolversInterfaceTypes<Record<string, unknown>>['IngestionEvent'];

const TYPE_NAMES = new Map<IngestionEventType, string>(
  Object.entries(EVENT_TYPES).map(([typeName, type]) => [type, typeName]),
);

/** Turns an event into what is executed. */
export function toWireEvent({ payload, ...envelope }: IngestionEvent): WireEvent {
  const { type, ...particulars } = payload;
  // Each payload belongs to one event type, as the type tests of the schema hold.
  return { __typename: TYPE_NAMES.get(type), ...envelope, ...particulars } as unknown as WireEvent;
}
