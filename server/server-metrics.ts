/** Which of a server's figures are read at each scrape, with their names and what they mean. */
import type { SessionReaper } from './auth/session-reaper.js';
import type { StoreClock } from './cluster/store-clock.js';
import type { SharedExecution } from './graphql/shared-execution.js';
import type { IngestionService } from './ingestion/service.js';
import type { WebSocketEndpoint } from './transport/websocket.js';
import type { ListFeed } from './list/list-feed.js';
import type { WatchHub } from './watch/watch-hub.js';
import type { ReconnectCounter } from './observability/reconnect-counter.js';
import type { Health } from './observability/health.js';
import type { Metrics } from './observability/metrics.js';

/** The rooms that are measured. */
export interface MeasuredRooms {
  readonly service: Pick<IngestionService, 'counts' | 'liveProjects' | 'unstoredProjects'>;
  readonly storeClock: Pick<StoreClock, 'skewMs'>;
  readonly hub: Pick<WatchHub, 'watchers' | 'watchedProjects' | 'queued' | 'conflated'>;
  readonly lists: Pick<ListFeed, 'watchers' | 'views' | 'rows'>;
  readonly sessionReaper: Pick<SessionReaper, 'sessions'>;
  readonly shared: Pick<SharedExecution, 'executions' | 'documents'>;
  readonly webSockets: Pick<WebSocketEndpoint, 'connections'>;
  readonly reconnectCounter: Pick<ReconnectCounter, 'total'>;
  readonly health: Pick<Health, 'dependencies'>;
}

/** Registers all of them. */
export function registerServerMetrics(metrics: Metrics, rooms: MeasuredRooms): void {
  const { service, storeClock, hub, lists, sessionReaper, shared, webSockets, reconnectCounter, health } =
    rooms;
  const { counts } = service;
  const restingBytes = process.memoryUsage.rss();

  metrics.gauge('connections', 'WebSocket connections open.', () => webSockets.connections);
  metrics.gauge('sessions', 'Authenticated connections and requests open.', () => sessionReaper.sessions);
  metrics.gauge('subscriptions', 'Progress subscriptions open.', () => hub.watchers);
  metrics.gauge('watched_projects', 'Projects with a watcher on this server.', () => hub.watchedProjects);
  metrics.gauge('list_subscriptions', 'Live lists open.', () => lists.watchers);
  metrics.gauge('list_views', 'Distinct live lists, by filter and access.', () => lists.views);
  metrics.gauge('list_rows', 'Active ingestions held for live lists.', () => lists.rows);
  metrics.gauge('waiting_events', 'Events that wait for watchers who read slowly.', () => hub.queued);
  metrics.gauge('live_projects', 'Projects whose state this server holds.', () => service.liveProjects);
  metrics.gauge(
    'unstored_projects',
    'Projects with something not stored yet.',
    () => service.unstoredProjects,
  );
  metrics.gauge('documents', 'Distinct documents that watchers share.', () => shared.documents);
  metrics.gauge(
    'clock_skew_seconds',
    "How far this machine's clock is ahead of the store's; 0 if the store is on this machine.",
    () => storeClock.skewMs / 1_000,
  );
  metrics.gauge(
    'connection_bytes',
    'Estimate: resident memory over that of the start, for each connection; 0 without any.',
    () =>
      webSockets.connections === 0
        ? 0
        : Math.max(0, process.memoryUsage.rss() - restingBytes) / webSockets.connections,
  );
  for (const name of Object.keys(health.dependencies)) {
    metrics.gauge(`${name}_up`, `1 where the ${name} answers, else 0.`, () =>
      health.dependencies[name]?.state === 'up' ? 1 : 0,
    );
  }

  metrics.counter(
    'reconnects_total',
    'Connections of viewers who had lost one less than a minute before.',
    () => reconnectCounter.total,
  );
  metrics.counter('starts_total', 'Ingestions started.', () => counts.starts);
  metrics.counters('events_total', 'Events committed, by type.', 'type', () => counts.events);
  metrics.counter(
    'coalesced_total',
    'Reports that went out merged into one event with a newer one.',
    () => counts.coalesced,
  );
  metrics.counters('rejected_reports_total', 'Reports that changed nothing, by reason.', 'reason', () => ({
    earlier_phase: counts.ignored,
    conflict: counts.conflicts,
    rate_limited: counts.rateLimited,
  }));
  metrics.counter(
    'commit_retries_total',
    'Commits that met a newer state and were reduced again.',
    () => counts.retries,
  );
  metrics.counter(
    'conflated_total',
    'Updates that a newer one replaced while they waited.',
    () => hub.conflated,
  );
  metrics.counter(
    'executions_total',
    'Events executed, once for each distinct document.',
    () => shared.executions,
  );
}
