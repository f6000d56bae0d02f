/** Spans of OpenTelemetry: what the network asks for and what it costs at store and bus, for a host that collects them. */
import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { SpanOptions, Tracer } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { startTestServer, tokenFor } from './support/running-server.js';

interface Noted {
  readonly name: string;
  readonly startTime: number;
  endTime: number | null;
  failed: boolean;
  requestId: unknown;
}

afterEach(() => trace.disable());

/** A provider that keeps what is told, in the place of an SDK. */
function collectSpans(): readonly Noted[] {
  const spans: Noted[] = [];
  const tracer = {
    startSpan: (name: string, { startTime = 0 }: SpanOptions = {}) => {
      const span: Noted = {
        name,
        startTime: Number(startTime),
        endTime: null,
        failed: false,
        requestId: null,
      };
      spans.push(span);
      return {
        setStatus: ({ code }: { code: SpanStatusCode }) => {
          span.failed = code === SpanStatusCode.ERROR;
        },
        setAttribute: (_: string, value: unknown) => {
          span.requestId = value;
        },
        end: (at: number) => {
          span.endTime = at;
        },
      };
    },
  } as unknown as Tracer;
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  return spans;
}

it('a report over the network is a span, and so is each call of the store that it leads to', async () => {
  const spans = collectSpans();
  const { graphql } = await startTestServer();
  const token = tokenFor({ scope: 'progress:write' });
  const start = 'mutation { startIngestion(input: { projectId: "p1", ingestionId: "i1" }) { lastSequence } }';
  expect((await graphql(start, {}, token)).codes).toEqual([]);
  const again = 'mutation { startIngestion(input: { projectId: "p1", ingestionId: "i2" }) { lastSequence } }';
  expect((await graphql(again, {}, token)).codes).toEqual(['CONFLICT']);

  const starts = spans.filter(({ name }) => name === 'ingestion.start');
  expect(starts.map(({ failed }) => failed)).toEqual([false, true]);
  expect(spans.some(({ name }) => name.startsWith('store.'))).toBe(true);
  const told = spans.find(({ name }) => name === 'bus.publishStored');
  expect(told?.requestId).toBe(starts[0]?.requestId);
  expect(told?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  for (const { startTime, endTime } of spans) expect(endTime).toBeGreaterThanOrEqual(startTime);
});
