/**
 * Spans of what takes time, by OpenTelemetry's API where the process has that package. What becomes of them is decided by
 * the SDK that a host sets up; without one they cost next to nothing.
 */
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Clock } from '../shared/clock.js';

/** Notes something that has just ended, as a child of whatever span is active. */
export type RecordSpan = (
  name: string,
  seconds: number,
  hasFailed: boolean,
  /** The request that it was done for, as the log names it. */
  requestId?: string,
) => void;

/** The attribute of a span that names its request. */
const REQUEST = 'ingestion_progress.request_id';

/** Finds the API; what is recorded without it goes nowhere. */
export async function openSpans(clock: Pick<Clock, 'now'>): Promise<RecordSpan> {
  let api: typeof OpenTelemetry;
  try {
    api = await import('@opentelemetry/api');
  } catch {
    // Not installed: no spans.
    return () => {};
  }
  const tracer = api.trace.getTracer('@ingestion-progress/server');
  return (name, seconds, hasFailed, requestId) => {
    const endTime = clock.now();
    const span = tracer.startSpan(name, { startTime: endTime - seconds * 1_000 });
    if (requestId !== undefined) span.setAttribute(REQUEST, requestId);
    if (hasFailed) span.setStatus({ code: api.SpanStatusCode.ERROR });
    span.end(endTime);
  };
}
