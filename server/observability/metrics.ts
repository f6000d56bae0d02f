/** Counters and gauges for Prometheus; never a project's id as a label. What is counted where it happens, is read here. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

/** What is read at each scrape. */
export interface MetricSources {
  readonly connections: () => number;
  readonly sessions: () => number;
  readonly watchers: () => number;
  readonly watchedProjects: () => number;
  readonly executions: () => number;
  readonly liveProjects: () => number;
  readonly unstoredProjects: () => number;
  readonly up: () => Readonly<Record<string, boolean>>;
  /** Events committed since the start, by type. */
  readonly events: () => Readonly<Record<string, number>>;
}

/** See the file's head. */
export interface Metrics {
  countDelivered(type: string, bytes: number): void;
  countRefusal(code: string): void;
  /** Prometheus text. */
  render(): Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'ingestion_progress_';

/** Makes the metrics of one server; each has a registry of its own. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('connections', 'WebSocket connections open.', sources.connections);
  gauge('sessions', 'Authenticated connections and requests open.', sources.sessions);
  gauge('subscriptions', 'Progress subscriptions open.', sources.watchers);
  gauge('watched_projects', 'Projects with a watcher on this server.', sources.watchedProjects);
  gauge('live_projects', 'Projects whose state this server holds.', sources.liveProjects);
  gauge('unstored_projects', 'Projects with something not stored yet.', sources.unstoredProjects);
  gauge(
    'event_executions',
    'Events executed since the start, once for each distinct document.',
    sources.executions,
  );
  new Gauge({
    name: `${PREFIX}dependency_up`,
    help: '1 where the dependency answers, else 0.',
    labelNames: ['dependency'],
    registers,
    collect() {
      for (const [dependency, isUp] of Object.entries(sources.up())) this.set({ dependency }, isUp ? 1 : 0);
    },
  });
  new Gauge({
    name: `${PREFIX}events`,
    help: 'Events committed since the start, by type.',
    labelNames: ['type'],
    registers,
    collect() {
      for (const [type, count] of Object.entries(sources.events())) this.set({ type }, count);
    },
  });
  // Counted in plain numbers: there may be very many a second.
  const delivered = new Map<string, number>();
  let deliveredBytes = 0;
  new Counter({
    name: `${PREFIX}delivered_total`,
    help: 'Events written to sockets, by type.',
    labelNames: ['type'],
    registers,
    collect() {
      this.reset();
      for (const [type, count] of delivered) this.inc({ type }, count);
    },
  });
  new Counter({
    name: `${PREFIX}delivered_bytes_total`,
    help: 'Bytes of events written to sockets.',
    registers,
    collect() {
      this.reset();
      this.inc(deliveredBytes);
    },
  });
  const refusals = new Counter({
    name: `${PREFIX}refusals_total`,
    help: 'Refusals of tokens and access, by code.',
    labelNames: ['code'],
    registers,
  });
  return {
    countDelivered: (type, length) => {
      delivered.set(type, (delivered.get(type) ?? 0) + 1);
      deliveredBytes += length;
    },
    countRefusal: (code) => refusals.inc({ code }),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
