/** Assembles the rooms of a server over the ports that it is given. Names no adapter of store or bus, and starts nothing. */
import type { AccessPolicy } from './auth/access.js';
import { createClientAddress } from './auth/client-address.js';
import { createGuard } from './auth/guard.js';
import { createTokenVerifier } from './auth/jwt.js';
import type { KeySource } from './auth/jwt.js';
import { createQuotas } from './auth/quotas.js';
import { createFailedAuthThrottle } from './auth/failed-auth-throttle.js';
import { createSessionReaper } from './auth/session-reaper.js';
import type { SessionReaper } from './auth/session-reaper.js';
import type { EventBus } from './bus/event-bus.js';
import type { Clock } from './shared/clock.js';
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
import type { ProgressStore } from './store/progress-store.js';
import { createGraphqlHttp } from './transport/graphql-http.js';
import type { HandleRequest } from './transport/http.js';
import { createOriginCheck } from './transport/request-source.js';
import { createRestProgress } from './transport/rest.js';
import { createTransport } from './transport/transport.js';
import type { Transport } from './transport/transport.js';
import { createWebSocketEndpoint } from './transport/websocket.js';
import type { WebSocketEndpoint } from './transport/websocket.js';
import { createWatchHub } from './watch/watch-hub.js';
import type { WatchHub } from './watch/watch-hub.js';

/** The ports of a server. */
export interface ServerPorts {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly access: AccessPolicy;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly handleRequest: HandleRequest | null;
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
  readonly emitter: IngestionEventEmitter;
  readonly hub: WatchHub;
  readonly sessionReaper: SessionReaper;
  readonly shared: SharedExecution;
  readonly webSockets: WebSocketEndpoint;
  readonly health: Health;
  readonly transport: Transport;
}

function keySourceOf({ jwtSecret, jwtPublicKey, jwtJwksUri }: Config): KeySource {
  if (jwtSecret !== null) return { secret: jwtSecret };
  return jwtPublicKey === null ? { jwksUri: jwtJwksUri ?? '' } : { publicKey: jwtPublicKey };
}

/** Assembles the rooms. */
export function assemble(config: Config, ports: ServerPorts, life: Life): Assembly {
  const { isClosing, publicUrl, recordSpan } = life;
  const { access, logger, clock, handleRequest } = ports;
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
  const bus = measured(ports.bus, clock, observe('bus'));

  const service = createProgressService({
    ...{ store, bus, clock, logger },
    lastPublished: (projectId) => hub.latest(projectId),
    retentionMs: config.retentionDays * 86_400_000,
    failureGraceMs: config.failureGraceHours * 3_600_000,
  });
  const emitter = new IngestionEventEmitter(service, { logger });
  const hub: WatchHub = createWatchHub({
    bus,
    read: (projectId, ingestionId) => service.read(projectId, ingestionId),
    readMany: (projectIds) => store.readMany(projectIds),
    clock,
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
    logger,
    clock,
    onRefusal: (code) => metrics.countRefusal(code),
  });
  const sessionReaper = createSessionReaper(clock, config.accessRecheckSeconds * 1_000);
  const mask = createErrorMask(logger);
  // Calls over the network; a job in this process has spans of its own.
  const asked = measured(service, clock, (operation, seconds, hasFailed, args) => {
    const last = operation === 'start' || operation === 'report' ? args.at(-1) : undefined;
    const requestId = typeof last === 'string' ? last : undefined;
    recordSpan(`ingestion.${operation}`, seconds, hasFailed, requestId);
  });
  const schema = createProgressSchema({ service: asked, hub, clock, publicUrl });
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
  const webSockets = createWebSocketEndpoint({
    ...{
      schema,
      documents,
      shared,
      hub,
      guard,
      sessionReaper,
      mask,
      clock,
      logger,
      limitLogger,
      reconnectCounter,
    },
    counters: {
      delivered: ({ payload }, bytes) => metrics.countDelivered(payload.type, bytes),
      opened: () => metrics.countOpened(),
      closed: (code) => metrics.countClosed(code),
    },
    subscriptions: config.maxSubscriptions,
    limits: {
      messageBytes: config.maxMessageBytes,
      connections: config.maxConnections,
      connectionsPerAddress: config.maxConnectionsPerAddress,
      connectionInitTimeoutMs: config.connectionInitTimeoutMs,
      pingIntervalMs: config.pingIntervalMs,
      slowConsumerTimeoutMs: config.slowConsumerTimeoutMs,
    },
  });
  const health = createHealth(
    { store: () => store.ping(), bus: () => bus.ping() },
    clock,
    (dependency, { state }, error) =>
      state === 'down'
        ? logger.error({ dependency, error: String(error) }, 'dependency unavailable')
        : logger.info({ dependency }, 'dependency available'),
  );
  registerServerMetrics(metrics, {
    service,
    hub,
    sessionReaper,
    shared,
    webSockets,
    reconnectCounter,
    health,
  });
  const isOriginAllowed = createOriginCheck(config.corsOrigins, publicUrl);
  const transport = createTransport({
    graphql: createGraphqlHttp({
      ...{ schema, documents, mask, service, guard, sessionReaper, limitLogger, isClosing },
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
    metrics: config.metrics ? metrics : null,
    headersTimeoutMs: config.headersTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    clientAddress: createClientAddress(config.trustedProxies),
    ...{ webSockets, health, isOriginAllowed, clock, logger, limitLogger, handleRequest, isClosing },
  });

  return { service, emitter, hub, sessionReaper, shared, webSockets, health, transport };
}
