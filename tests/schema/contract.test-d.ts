/** Types that must be equal: what jobs say against the mutations' inputs, what watchers are told against the schema. */
import type { z } from 'zod';
import type * as generated from '@ingestion-progress/schema/resolvers';
import type {
  cancelledReportSchema,
  completeReportSchema,
  CancelledEvent,
  ErrorEvent,
  errorReportSchema,
  EventPayload,
  EVENT_TYPES,
  IngestionCompleteEvent,
  IngestionEventType,
  PhaseStartedEvent,
  phaseStartedReportSchema,
  ProgressUpdateEvent,
  progressUpdateReportSchema,
  SnapshotEvent,
  startReportSchema,
} from '@ingestion-progress/schema';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type BothWays<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Flat<T> = { [K in keyof T]: T[K] };
type Assert<T extends true> = T;
/** A generated input whose optional fields may also be given as undefined, as a job in TypeScript may. */
type Loose<T> = T extends readonly (infer Item)[]
  ? Loose<Item>[]
  : T extends object
    ? { [K in keyof T]: Loose<T[K]> | (object extends Pick<T, K> ? undefined : never) }
    : T;

export type Reports = [
  Assert<BothWays<z.input<typeof startReportSchema>, Loose<generated.StartIngestionInput>>>,
  Assert<BothWays<z.input<typeof phaseStartedReportSchema>, Loose<generated.ReportPhaseStartedInput>>>,
  Assert<BothWays<z.input<typeof progressUpdateReportSchema>, Loose<generated.ReportProgressInput>>>,
  Assert<BothWays<z.input<typeof completeReportSchema>, Loose<generated.CompleteIngestionInput>>>,
  Assert<BothWays<z.input<typeof errorReportSchema>, Loose<generated.FailIngestionInput>>>,
  Assert<BothWays<z.input<typeof cancelledReportSchema>, Loose<generated.ConfirmCancelledInput>>>,
];

type Envelope = keyof generated.IngestionEvent;
type PhaseAsNumber<T> = Flat<{
  -readonly [K in keyof T as K extends 'type' ? never : K]: K extends 'phase'
    ? T[K] extends null
      ? null
      : null extends T[K]
        ? number | null
        : number
    : T[K];
}>;
type Told<T> = Flat<Omit<T, Envelope>>;

export type Events = [
  Assert<Equal<PhaseAsNumber<SnapshotEvent>, Told<generated.ProgressSnapshot>>>,
  Assert<Equal<PhaseAsNumber<PhaseStartedEvent>, Told<generated.PhaseStarted>>>,
  Assert<Equal<PhaseAsNumber<ProgressUpdateEvent>, Told<generated.ProgressUpdate>>>,
  Assert<Equal<PhaseAsNumber<IngestionCompleteEvent>, Told<generated.IngestionComplete>>>,
  Assert<Equal<PhaseAsNumber<ErrorEvent>, Told<generated.IngestionFailed>>>,
  Assert<Equal<PhaseAsNumber<CancelledEvent>, Told<generated.IngestionCancelled>>>,
];

export type Names = [
  Assert<Equal<IngestionEventType, (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES]>>,
  Assert<Equal<IngestionEventType, EventPayload['type']>>,
];
