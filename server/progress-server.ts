/**
 * Puts the rooms of a server together over the ports that it is given, starts them in order and ends them in order.
 * Names no adapter of store or bus; the rules are the rooms' own.
 */
import type { AccessPolicy } from './auth/access.js';
import { createClientAddress } from './auth/client-address.js';
import { createGuard } from './auth/guard.js';
import { createTokenVerifier } from './auth/jwt.js';
import type { KeySource } from './auth/jwt.js';
import { createRefusalLedger } from './auth/refusals.js';
import { createSessionKeeper } from './auth/session-keeper.js';
import { createTokenCache } from './auth/token-cache.js';
import type { EventBus } from './bus/event-bus.js';
import type { Clock } from './clock.js';
import type { Config } from './config.js';
import { createDocuments } from './graphql/documents.js';
import { createErrorMask } from './graphql/error-mask.js';
import { createProgressSchema } from './graphql/schema.js';
import { createSharedExecution } from './graphql/shared-execution.js';
import { IngestionEventEmitter } from './ingestion/emitter.js';
import { createProgressService } from './ingestion/progress-service.js';
import { createHealth } from './observability/health.js';
import type { Logger } from './observability/logger.js';
import { createMetrics } from './observability/metrics.js';
import type { Metrics } from './observability/metrics.js';
import type { ProgressStore } from './store/progress-store.js';
import { createGraphqlHttp } from './transport/graphql-http.js';
import type { HandleRequest } from './transport/http.js';
import { createOriginCheck } from './transport/origins.js';
import { createRestProgress } from './transport/rest.js';
import { createTransport } from './transport/transport.js';
import { createWebSocketEndpoint } from './transport/websocket.js';
import { createWatchHub } from './watch/watch-hub.js';

/** What a server stands on. */
export interface ServerPorts {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly access: AccessPolicy;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly handleRequest: HandleRequest | null;
}

/** How much is open at this moment. */
export interface ServerCounts {
  readonly connections: number;
  readonly sessions: number;
  readonly watchers: number;
  readonly watchedProjects: number;
  /** Events that wait for watchers who read slowly. */
  readonly waiting: number;
  /** Events executed since the start: once for each distinct document. */
  readonly executions: number;
}

/** A running server. */
export interface ProgressServer {
  /** What a job in this process reports by. */
  readonly emitter: IngestionEventEmitter;
  /** Where it is reached: PUBLIC_URL, or else its address. */
  readonly url: string;
  /** Where it listens: http://HOST:PORT. */
  readonly address: string;
  readonly counts: ServerCounts;
  /** Resolves once every event was handed to every watcher's connection, or after `deadlineMs` for those that read too slowly. */
  delivered(deadlineMs: number): Promise<void>;
  /** Sends watchers away, finishes writes, closes HTTP, bus and store. A second call waits for the first. */
  close(): Promise<void>;
}

/** Milliseconds that store and bus may take to answer at start. */
const START_DEADLINE_MS = 10_000;
const START_RETRY_MS = 1_000;
/** Milliseconds between two looks at what waits for watchers. */
const LOOK_MS = 20;

function keySourceOf({ jwtSecret, jwtPublicKey, jwtJwksUri }: Config): KeySource {
  if (jwtSecret !== null) return { secret: jwtSecret };
  return jwtPublicKey === null ? { jwksUri: jwtJwksUri ?? '' } : { publicKey: jwtPublicKey };
}

function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/** Builds a server, opens what it stands on, and listens. Rejects with a sentence where it cannot. */
export async function startServer(config: Config, ports: ServerPorts): Promise<ProgressServer> {
  const { store, bus, access, logger, clock, handleRequest } = ports;
  let address = addressOf(config.host, config.port);
  const publicUrl = () => config.publicUrl?.replace(/\/+$/, '') ?? address;
  let closing: Promise<void> | null = null;
  const isClosing = () => closing !== null;
  let metrics: Metrics | null = null;

  const service = createProgressService({
    ...{ store, bus, clock, logger },
    retentionMs: config.retentionDays * 86_400_000,
    recoverableForMs: config.recoverableHours * 3_600_000,
  });
  const emitter = new IngestionEventEmitter(service, { logger });
  const hub = createWatchHub({
    bus,
    read: (projectId, ingestionId) => service.read(projectId, ingestionId),
    readMany: (projectIds) => store.readMany(projectIds),
    clock,
    logger,
    isAlone: () => bus.kind === 'redis' || !service.othersStand,
  });
  const guard = createGuard({
    verifier: createTokenCache(
      createTokenVerifier({
        keys: keySourceOf(config),
        issuer: config.jwtIssuer,
        audience: config.jwtAudience,
        clockToleranceSeconds: config.jwtClockTolerance,
        clock,
      }),
      clock,
    ),
    access,
    refusals: createRefusalLedger(clock),
    logger,
    clock,
    onRefusal: (code) => metrics?.countRefusal(code),
  });
  const keeper = createSessionKeeper(clock, config.accessRecheckSeconds * 1_000);
  const mask = createErrorMask(logger);
  const schema = createProgressSchema({ service, hub, clock, publicUrl });
  const documents = createDocuments({ schema, introspection: config.introspection });
  const shared = createSharedExecution(schema, mask);
  const webSockets = createWebSocketEndpoint({
    ...{ schema, documents, shared, hub, guard, keeper, mask, clock, logger },
    counters: { delivered: ({ payload }, bytes) => metrics?.countDelivered(payload.type, bytes) },
    subscriptions: config.maxSubscriptions,
    limits: {
      messageBytes: config.maxMessageBytes,
      connections: config.maxConnections,
      connectionsPerAddress: config.maxConnectionsPerAddress,
    },
  });
  const health = createHealth(
    { store: () => store.ping(), bus: () => bus.ping() },
    clock,
    (dependency, { state }, error) =>
      state === 'down'
        ? logger.error({ dependency, error: String(error) }, 'a dependency does not answer')
        : logger.info({ dependency }, 'a dependency answers'),
  );
  metrics = createMetrics({
    connections: () => webSockets.connections,
    sessions: () => keeper.sessions,
    watchers: () => hub.watchers,
    watchedProjects: () => hub.watchedProjects,
    executions: () => shared.executions,
    liveProjects: () => service.liveProjects,
    unstoredProjects: () => service.unstoredProjects,
    up: () =>
      Object.fromEntries(
        Object.entries(health.dependencies).map(([name, { state }]) => [name, state === 'up']),
      ),
    events: () => service.counts.events,
  });
  const mayAsk = createOriginCheck(config.corsOrigins, publicUrl);
  const transport = createTransport({
    graphql: createGraphqlHttp({
      ...{ schema, documents, mask, service, guard, keeper, isClosing },
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
    clientAddress: createClientAddress(config.trustedProxies),
    ...{ webSockets, health, mayAsk, clock, logger, handleRequest, isClosing },
  });

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(ms, resolve));

  async function open(): Promise<void> {
    await Promise.all([store.open(), bus.open()]);
    await service.open();
  }

  /** Opens within the deadline, or, where told to wait, tries until it works. */
  async function openInTime(): Promise<void> {
    if (!config.waitForDependencies) {
      const late = new Error(
        `Store or bus did not answer within ${START_DEADLINE_MS / 1_000} s: check MONGODB_URI and REDIS_URL.`,
      );
      return Promise.race([
        open(),
        pause(START_DEADLINE_MS).then(() => {
          throw late;
        }),
      ]);
    }
    for (;;) {
      try {
        return await open();
      } catch (error) {
        if (isClosing()) return;
        logger.warn({ error: String(error) }, 'waiting for store and bus');
        await pause(START_RETRY_MS);
      }
    }
  }

  async function shutDown(): Promise<void> {
    logger.info({ connections: webSockets.connections }, 'closing');
    if (config.drainDelayMs > 0) await pause(config.drainDelayMs);
    const writes = service.close(config.drainDeadlineMs);
    await Promise.race([writes, pause(1_000)]);
    await transport.close(config.drainDeadlineMs);
    if (!(await writes)) logger.error({}, 'closed with something left unstored');
    hub.close();
    health.stop();
    await bus.close();
    await store.close();
    logger.info({}, 'closed');
  }

  const close = () => (closing ??= shutDown());

  async function listen(): Promise<void> {
    const port = await transport.listen(config.host, config.port);
    address = addressOf(config.host, port);
    logger.info({ url: publicUrl(), store: store.kind, bus: bus.kind }, `listening on ${address}`);
  }

  try {
    // Probes are answered while dependencies are waited for.
    if (config.waitForDependencies) await listen();
    await openInTime();
    await health.start();
    if (!config.waitForDependencies) await listen();
  } catch (error) {
    health.stop();
    await Promise.allSettled([service.close(0), transport.close(0)]);
    await Promise.allSettled([bus.close(), store.close()]);
    throw error;
  }
  if (config.jwtSecret !== null && config.jwtSecret.length < 32) {
    logger.warn({}, 'JWT_SECRET is short: use 32 random characters or more');
  }
  return {
    emitter,
    get url() {
      return publicUrl();
    },
    address,
    get counts() {
      return {
        connections: webSockets.connections,
        sessions: keeper.sessions,
        watchers: hub.watchers,
        watchedProjects: hub.watchedProjects,
        waiting: hub.waiting,
        executions: shared.executions,
      };
    },
    async delivered(deadlineMs) {
      const until = clock.monotonicNow() + deadlineMs;
      while (hub.waiting > 0 && clock.monotonicNow() < until) await pause(LOOK_MS);
    },
    close,
  };
}
