/**
 * The public API: a whole server in one call, the emitter that a job reports by, and the ports that a host may fill.
 *
 * @example
 * ```ts
 * import { createProgressServer } from '@ingestion-progress/server';
 *
 * const server = await createProgressServer({ port: 4000, jwtSecret: 'a secret of 32 characters or more' });
 * await server.emitter.emitPhaseStarted('project-1', 1, 'Reading the folder');
 * ```
 *
 * @module @ingestion-progress/server
 */
import { createHash } from 'node:crypto';
import { tokenAccess } from './auth/access.js';
import type { AccessPolicy } from './auth/access.js';
import type { EventBus } from './bus/event-bus.js';
import { createMemoryBus } from './bus/memory-bus.js';
import { createRedisBus } from './bus/redis-bus.js';
import { systemClock } from './shared/clock.js';
import type { Clock } from './shared/clock.js';
import { configOf } from './config.js';
import type { Config, ConfigOptions } from './config.js';
import type { Logger } from './observability/logger.js';
import { createPinoLogger } from './observability/pino-logger.js';
import { startServer } from './progress-server.js';
import type { ProgressServer } from './progress-server.js';
import { createEmbeddedStore } from './store/embedded-store.js';
import { createMongoStore } from './store/mongo-store.js';
import type { ProgressStore } from './store/progress-store.js';
import type { HandleRequest } from './transport/http.js';
import { createSpillFolder, type SpillFolder } from './write-behind/spill.js';

export { tokenAccess } from './auth/access.js';
export type { AccessPolicy } from './auth/access.js';
export type { Scope, Viewer } from './auth/viewer.js';
export type {
  BusMessage,
  BusState,
  CommitOutcome,
  EventBus,
  RowBatch,
  Unsubscribe,
} from './bus/event-bus.js';
export { systemClock } from './shared/clock.js';
export type { CancelTimer, Clock } from './shared/clock.js';
export { ConfigError, readConfig, VARIABLES } from './config.js';
export type { Config, ConfigOptions } from './config.js';
export { ProgressError } from './shared/errors.js';
export type { ErrorCode } from './shared/errors.js';
export { IngestionEventEmitter } from './emitter/emitter.js';
export type { RetryAnswer } from './emitter/emitter.js';
export type { IngestionRun, PhaseOptions, UpdateOptions, WaitingInput } from './emitter/run.js';
export type { IngestionChange, IngestionRecord, LogNote, PartCounts, PhaseWork } from './progress/record.js';
export { compareNewestFirst, listStatusOf } from './progress/list-place.js';
export type { ListPlace } from './progress/list-place.js';
export { dueKeyAt, dueKeyOf, openIngestionOf } from './progress/open-ingestion.js';
export type { OpenIngestion, OpenList } from './progress/open-ingestion.js';
export type { ProblemSeverity, ProblemTotal, StoredProblem } from './progress/problem.js';
export type { LogFields, Logger } from './observability/logger.js';
export type { ProgressServer, ServerCounts } from './progress-server.js';
export type {
  Deletion,
  Lease,
  ListPage,
  ListQuery,
  OpenPage,
  OpenQuery,
  Page,
  PageRequest,
  ProblemFilter,
  ProblemsAppended,
  ProgressStore,
  StoreWrite,
  WriteGuard,
  WriteOutcome,
} from './store/progress-store.js';
export type { HandleRequest } from './transport/http.js';

/** The environment's variables in camel case (`JWT_SECRET` is `jwtSecret`), and what a host may put in their place. */
export interface ProgressServerOptions extends ConfigOptions {
  /** Where progress is kept. With one of your own, name `dataDir` as well if a stop must keep what it has not taken. @default MongoDB if `mongodbUri` is given, else the embedded store under `dataDir` */
  readonly store?: ProgressStore | undefined;
  /** Connects several servers. @default Redis if `redisUrl` is given, else this process alone */
  readonly bus?: EventBus | undefined;
  /** Who may do what. @default the token's scopes and projects */
  readonly access?: AccessPolicy | undefined;
  /** Where lines go. @default JSON lines on standard output, from `logLevel` up */
  readonly logger?: Logger | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** A host's own paths on the same port, tried first; returns true if it answers. */
  readonly handleRequest?: HandleRequest | undefined;
}

function storeOf({ mongodbUri, dataDir, maxLogEntries }: Config, logger: Logger): ProgressStore {
  return mongodbUri === null
    ? createEmbeddedStore({ dataDir, logger, maxLogEntries })
    : createMongoStore({ uri: mongodbUri, logger, maxLogEntries });
}

function busOf({ redisUrl, redisTlsCa, redisPrefix }: Config, clock: Clock, logger: Logger): EventBus {
  if (redisUrl === null) return createMemoryBus({ clock });
  return createRedisBus({ url: redisUrl, tlsCaFile: redisTlsCa, keyPrefix: redisPrefix, logger });
}

/** A host's own store keeps nothing in a folder that the host did not name. */
function spillOf(options: ProgressServerOptions, config: Config, logger: Logger): SpillFolder | null {
  const { mongodbUri, dataDir } = config;
  if (options.store !== undefined && options.dataDir === undefined) return null;
  // The hosts and the database: several deployments may have one folder.
  const address = mongodbUri?.replace(/\/\/[^/]*@/, '//').replace(/\?.*/, '');
  const storeId = options.store?.name ?? (address === undefined ? 'embedded' : hashOf(address));
  return createSpillFolder({ directory: dataDir, storeId, logger });
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

function settingsOf({ store, bus }: ProgressServerOptions, { mongodbUri, redisUrl }: Config): string[] {
  const ofStore = mongodbUri === null ? 'DATA_DIR' : 'MONGODB_URI';
  const settings = [store === undefined ? ofStore : `the store "${store.name}"`];
  if (bus !== undefined) settings.push(`the bus "${bus.name}"`);
  else if (redisUrl !== null) settings.push('REDIS_URL');
  return settings;
}

/**
 * Starts a server: opens store and bus, and listens. Rejects with a `ConfigError` that names every wrong option, or
 * with a sentence that says what would be right.
 */
export async function createProgressServer(options: ProgressServerOptions = {}): Promise<ProgressServer> {
  const config = configOf(options);
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? createPinoLogger(config.logLevel);
  return startServer(config, {
    store: options.store ?? storeOf(config, logger),
    bus: options.bus ?? busOf(config, clock, logger),
    access: options.access ?? tokenAccess,
    logger,
    clock,
    handleRequest: options.handleRequest ?? null,
    spill: spillOf(options, config, logger),
    settings: settingsOf(options, config),
  });
}
