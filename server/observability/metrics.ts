/**
 * A registry of Prometheus metrics for one server: what happens is counted here, what stands somewhere else is read at
 * each scrape. Which of the server's figures are read is `server-metrics.ts`'s. Never a project's id as a label.
 */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { createCallTimes } from './call-times.js';

/** See the file's head. */
export interface Metrics {
  countDelivered(type: string, bytes: number): void;
  countRefusal(code: string): void;
  countOpened(): void;
  countClosed(code: string): void;
  /** A call of store or bus that took so long, and whether it failed. */
  observeCall(dependency: string, operation: string, seconds: number, hasFailed: boolean): void;
  /** A figure that goes up and down. */
  gauge(name: string, help: string, read: () => number): void;
  /** A figure that only rises, such as a count since the start. */
  counter(name: string, help: string, read: () => number): void;
  /** The same, one for each value of a label. */
  counters(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void;
  /** Prometheus text. */
  render(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'ingestion_progress_';
/** Bounds of the latency of store and bus, in seconds. */
const BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

/** Creates the metrics; each server has its own registry. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Its timer is what wakes an idle server most often: 50 times a second, and not 100.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });

  function counters(
    name: string,
    help: string,
    label: string,
    read: () => Readonly<Record<string, number>>,
  ): void {
    new Counter({
      name: PREFIX + name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
      },
    });
  }

  function counter(name: string, help: string, read: () => number): void {
    new Counter({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  // Counted in plain numbers: there may be very many a second.
  const delivered: Record<string, number> = {};
  let deliveredBytes = 0;
  let opened = 0;
  counters('delivered_total', 'Events written to sockets, by type.', 'type', () => delivered);
  counter('delivered_bytes_total', 'Bytes of events written to sockets.', () => deliveredBytes);
  counter('connections_total', 'WebSocket connections opened.', () => opened);
  const closed = new Counter({
    name: `${PREFIX}closes_total`,
    help: 'WebSocket connections closed, by close code.',
    labelNames: ['code'],
    registers,
  });
  const refusals = new Counter({
    name: `${PREFIX}refusals_total`,
    help: 'Refusals of tokens and access, by code.',
    labelNames: ['code'],
    registers,
  });
  const calls = createCallTimes(
    `${PREFIX}dependency_call_seconds`,
    'How long calls of store and bus took, in seconds.',
    BUCKETS,
  );
  const failures = new Counter({
    name: `${PREFIX}dependency_failures_total`,
    help: 'Calls of store and bus that failed.',
    labelNames: ['dependency', 'operation'],
    registers,
  });

  return {
    countDelivered: (type, bytes) => {
      delivered[type] = (delivered[type] ?? 0) + 1;
      deliveredBytes += bytes;
    },
    countRefusal: (code) => refusals.inc({ code }),
    countOpened: () => {
      opened += 1;
    },
    countClosed: (code) => closed.inc({ code }),
    observeCall: (dependency, operation, seconds, hasFailed) => {
      calls.observe(dependency, operation, seconds);
      if (hasFailed) failures.inc({ dependency, operation });
    },
    gauge: (name, help, read) =>
      void new Gauge({
        name: PREFIX + name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      }),
    counter,
    counters,
    render: async () => `${await registry.metrics()}\n${calls.render()}`,
    contentType: registry.contentType,
  };
}
