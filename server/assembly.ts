/** Assembles the rooms of a server over the ports that it is given. Names no adapter of store or bus, and starts nothing. */
import type { AccessPolicy } from './auth/access.js';
import { createConnectionQuotas } from './auth/connection-quotas.js';
import { createClientAddress } from './auth/client-address.js';
import { createGuard } from './auth/guard.js';
import { createTokenVerifier } from './auth/jwt.js';
import type { KeySource } from './auth/jwt.js';
import { createQuotas } from './auth/quotas.js';
import { createFailedAuthThrottle } from './auth/failed-auth-throttle.js';
import { createSessionReaper } from './auth/session-reaper.js';
import type { SessionReaper } from './auth/session-reaper.js';
import type { EventBus } from './bus/event-bus.js';
import { refusalBehind } from './shared/errors.js';
import type { Clock } from './shared/clock.js';
import { createStoreClock, type StoreClock } from './cluster/store-clock.js';
import type { Config } from './config.js';
import { createDocuments } from './graphql/documents.js';
import { createErrorMask } from './graphql/error-mask.js';
import { createProgressSchema } from './graphql/schema.js';
import { createSharedExecution } from './graphql/shared-execution.js';
import type { SharedExecution } from './graphql/shared-execution.js';
import { IngestionEventEmitter } from './emitter/emitter.js';
import { createProgressService } from './ingestion/service.js';
import type { IngestionService } from './ingestion/service.js';
import type { IngestionChange } from './progress/record.js';
import { createListFeed, type ListFeed } from './list/list-feed.js';
import { createListReader } from './list/list-reader.js';
import { createRowExchange, observeCommits } from './list/row-exchange.js';
import { createHealth } from './observability/health.js';
import type { Health } from './observability/health.js';
import type { Logger } from './observability/logger.js';
import { measured } from './observability/measured-port.js';
import type { ObserveCall } from './observability/measured-port.js';
import type { RecordSpan } from './observability/spans.js';
import { createReconnectCounter } from './observability/reconnect-counter.js';
import { createMetrics } from './observability/metrics.js';
import { registerServerMetrics } from './server-metrics.js';
import { createLimitLogger } from './observability/limit-logger.js';
import type { LimitLogger } from './observability/limit-logger.js';
import { createProjectLog } from './observability/project-log.js';
import type { ProgressStore } from './store/progress-store.js';
import { closeLabel } from './transport/close-codes.js';
import { createFairTurns } from './transport/fair-turns.js';
import { createGraphqlHttp } from './transport/graphql-http.js';
import type { HandleRequest } from './transport/http.js';
import { createMetricsAccess, createMetricsListener } from './transport/metrics-listener.js';
import { createOriginCheck } from './transport/request-source.js';
import { createRestProgress } from './transport/rest.js';
import { createTransport } from './transport/transport.js';
import type { Transport } from './transport/transport.js';
import { createWebSocketEndpoint } from './transport/websocket.js';
import type { WebSocketEndpoint } from './transport/websocket.js';
import { createWatchHub } from './watch/watch-hub.js';
import type { WatchHub } from './watch/watch-hub.js';
import type { SpillFolder } from './write-behind/spill.js';

/** The ports of a server. */
export interface ServerPorts {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly access: AccessPolicy;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly handleRequest: HandleRequest | null;
  /** Keeps what the store has not taken when the server closes; null if a host's own store comes without a folder. */
  readonly spill: SpillFolder | null;
  /** The settings behind store and bus, for a message if one of them does not open. */
  readonly settings: readonly string[];
}

/** What the rooms need to know of their server's life. */
export interface Life {
  readonly isClosing: () => boolean;
  /** The start of subscriptionUrl and pollUrl. */
  readonly publicUrl: () => string;
  readonly recordSpan: RecordSpan;
}

/** The assembled rooms. */
export interface Assembly {
  readonly service: IngestionService;
  readonly storeClock: StoreClock;
  readonly emitter: IngestionEventEmitter;
  readonly hub: WatchHub;
  readonly lists: ListFeed;
  readonly sessionReaper: SessionReaper;
  readonly shared: SharedExecution;
  readonly webSockets: WebSocketEndpoint;
  readonly health: Health;
  readonly transport: Transport;
  readonly limitLogger: LimitLogger;
}

/** Share of MAX_CONNECTIONS that one address may hold, and one subject: several of them leave room for others. */
const SHARE_OF_ADDRESS = 1 / 10;
const SHARE_OF_VIEWER = 1 / 20;
/** Share of those that may be open before connection_ack, of one address and in all. */
const SHARE_UNACKNOWLEDGED = { perAddress: 1 / 2, total: 1 / 4 } as const;

/** How many connections may be open, of whom. */
function connectionLimitsOf(config: Config) {
  const total = config.maxConnections;
  const shareOf = (count: number, share: number) => Math.max(1, Math.floor(count * share));
  const perAddress = config.maxConnectionsPerAddress ?? shareOf(total, SHARE_OF_ADDRESS);
  return {
    acknowledged: {
      total,
      perAddress,
      perViewer: config.maxConnectionsPerViewer ?? shareOf(total, SHARE_OF_VIEWER),
    },
    unacknowledged: {
      total: shareOf(total, SHARE_UNACKNOWLEDGED.total),
      perAddress: shareOf(perAddress, SHARE_UNACKNOWLEDGED.perAddress),
    },
  };
}

function keySourceOf({ jwtSecret, jwtPublicKey, jwtJwksUri }: Config): KeySource {
  if (jwtSecret !== null) return { secret: jwtSecret };
  return jwtPublicKey === null ? { jwksUri: jwtJwksUri ?? '' } : { publicKey: jwtPublicKey };
}

/** Assembles the rooms. */
export function assemble(config: Config, ports: ServerPorts, life: Life): Assembly {
  const { isClosing, publicUrl, recordSpan } = life;
  const { access, clock, handleRequest } = ports;
  const logger = createProjectLog(ports.logger, clock);
  const metrics = createMetrics();
  const observe =
    (dependency: string): ObserveCall =>
    (operation, seconds, hasFailed, [first]) => {
      metrics.observeCall(dependency, operation, seconds, hasFailed);
      // A change names the request that caused it.
      const { requestId } = (first ?? {}) as Partial<IngestionChange>;
      recordSpan(`${dependency}.${operation}`, seconds, hasFailed, requestId);
    };
  const store = measured(ports.store, clock, observe('store'));
  const bus = observeCommits(measured(ports.bus, clock, observe('bus')), (record) => lists.send(record));

  const storeClock = createStoreClock({ store, clock, logger });
  const service = createProgressService({
    ...{ store, bus, logger },
    clock: storeClock.clock,
    spill: ports.spill,
    lastPublished: (projectId) => hub.latest(projectId),
    maxProblems: config.maxProblemsPerIngestion,
    retentionMs: config.retentionDays * 86_400_000,
    failureGraceMs: config.failureGraceHours * 3_600_000,
  });
  const emitter = new IngestionEventEmitter(service, { logger });
  const hub: WatchHub = createWatchHub({
    bus,
    read: (projectId, ingestionId) => service.read(projectId, ingestionId),
    readMany: (projectIds) => store.readMany(projectIds),
    clock: storeClock.clock,
    logger,
    busReachesAllPeers: () => bus.sharedBetweenServers || !service.hasPeers,
    onPublished: ({ event, requestId }, watchers) => {
      const { projectId, ingestionId, revision, payload } = event;
      const fields = { projectId, ingestionId, revision, requestId, watchers };
      const isMilestone = payload.type !== 'progress_update' && payload.type !== 'snapshot';
      logger[isMilestone ? 'info' : 'debug'](fields, 'progress published to watchers');
      recordSpan('watch.publish', 0, false, requestId);
    },
    onPeersChange: (listener) => service.onPeersChange(listener),
  });
  const listReader = createListReader(store, (stored) => service.newest(stored));
  const exchange = createRowExchange({
    ...{ bus, clock, logger },
    serverId: service.serverId,
    hasPeers: () => service.hasPeers,
  });
  const lists: ListFeed = createListFeed({
    ...{ bus, store, exchange, logger, reader: listReader },
    clock: storeClock.clock,
    busReachesAllPeers: () => bus.sharedBetweenServers || !service.hasPeers,
  });
  const limitLogger = createLimitLogger(logger, clock);
  const guard = createGuard({
    verifier: createTokenVerifier({
      keys: keySourceOf(config),
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      clockToleranceSeconds: config.jwtClockToleranceSeconds,
      clock,
    }),
    access,
    failedAuthThrottle: createFailedAuthThrottle(clock),
    quotas: createQuotas(
      {
        subscriptions: config.maxSubscriptionsPerViewer,
        projects: config.maxProjectsPerViewer,
        reportsPerSecond: config.maxReportsPerSecond,
        cpuMsPerSecond: config.maxCpuMsPerViewer,
      },
      limitLogger,
      clock,
    ),
    limitLogger,
    clock,
    onRefusal: (code) => metrics.countRefusal(code),
  });
  const sessionReaper = createSessionReaper(clock, config.accessRecheckSeconds * 1_000);
  const mask = createErrorMask(limitLogger);
  // Calls over the network; a job in this process has spans of its own.
  const asked = measured(service, clock, (operation, seconds, hasFailed, args) => {
    const last = operation === 'start' || operation === 'report' ? args.at(-1) : undefined;
    const requestId = typeof last === 'string' ? last : undefined;
    recordSpan(`ingestion.${operation}`, seconds, hasFailed, requestId);
  });
  const schema = createProgressSchema({
    ...{ hub, lists, listReader, publicUrl },
    service: asked,
    clock: storeClock.clock,
  });
  const documents = createDocuments({
    schema,
    introspection: config.introspection,
    limits: {
      tokens: config.maxDocumentTokens,
      depth: config.maxDocumentDepth,
      aliases: config.maxDocumentAliases,
      cost: config.maxDocumentCost,
      jsonDepth: config.maxJsonDepth,
    },
  });
  const shared = createSharedExecution(schema, mask);
  const reconnectCounter = createReconnectCounter(clock);
  const connectionLimits = connectionLimitsOf(config);
  const connectionQuotas = createConnectionQuotas(connectionLimits.acknowledged, limitLogger);
  const turns = createFairTurns();
  const webSockets = createWebSocketEndpoint({
    ...{
      schema,
      documents,
      shared,
      hub,
      lists,
      guard,
      sessionReaper,
      mask,
      clock,
      logger,
      limitLogger,
      reconnectCounter,
      connectionQuotas,
      turns,
    },
    counters: {
      delivered: (type, bytes) => metrics.countDelivered(type, bytes),
      opened: () => metrics.countOpened(),
      closed: (code) => metrics.countClosed(closeLabel(code)),
    },
    subscriptions: config.maxSubscriptions,
    limits: {
      messageBytes: config.maxMessageBytes,
      unacknowledged: connectionLimits.unacknowledged,
      messageTimeoutMs: config.requestTimeoutMs,
      connectionInitTimeoutMs: config.connectionInitTimeoutMs,
      pingIntervalMs: config.pingIntervalMs,
      slowConsumerTimeoutMs: config.slowConsumerTimeoutMs,
    },
  });
  const health = createHealth(
    {
      store: async () => {
        await store.ping();
        // Where the check writes is not everything that is written.
        if (service.storeFailure !== null) throw service.storeFailure;
      },
      bus: () => bus.ping(),
    },
    clock,
    (dependency, { state }, error) =>
      state === 'down'
        ? logger.error({ dependency, error: String(refusalBehind(error) ?? error) }, 'dependency unavailable')
        : logger.info({ dependency }, 'dependency available'),
  );
  registerServerMetrics(metrics, {
    service,
    storeClock,
    hub,
    lists,
    sessionReaper,
    shared,
    webSockets,
    reconnectCounter,
    health,
  });
  const isOriginAllowed = createOriginCheck(config.corsOrigins, publicUrl);
  const clientAddress = createClientAddress(config.trustedProxies);
  const isMetricsOnMainPort = config.metrics && config.metricsPort === null;
  const transport = createTransport({
    graphql: createGraphqlHttp({
      ...{
        schema,
        documents,
        mask,
        service,
        guard,
        sessionReaper,
        connectionQuotas,
        limitLogger,
        turns,
        isClosing,
      },
      bodyBytes: config.maxBodyBytes,
      graphiql: config.graphiql,
    }),
    rest: createRestProgress({
      schema,
      documents,
      service,
      guard,
      onUnexpected: (error) => void mask(error),
    }),
    metrics: isMetricsOnMainPort ? metrics : null,
    mayReadMetrics: createMetricsAccess({
      allowed: config.metricsAllow,
      trustedProxies: config.trustedProxies,
      clientAddress,
    }),
    ownMetrics:
      config.metrics && config.metricsPort !== null
        ? { listener: createMetricsListener(metrics), port: config.metricsPort }
        : null,
    keepAliveMs: config.keepAliveMs,
    slowConsumerTimeoutMs: config.slowConsumerTimeoutMs,
    headersTimeoutMs: config.headersTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    clientAddress,
    ...{ webSockets, health, isOriginAllowed, clock, limitLogger, handleRequest, isClosing },
  });

  return {
    service,
    storeClock,
    emitter,
    hub,
    lists,
    sessionReaper,
    shared,
    webSockets,
    health,
    transport,
    limitLogger,
  };
}
