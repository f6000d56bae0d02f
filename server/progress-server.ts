/** The life cycle of a server: opens store and bus, listens, and shuts down in order. `assembly.ts` puts the rooms together. */
import { assemble } from './assembly.js';
import type { ServerPorts } from './assembly.js';
import type { Config } from './config.js';
import type { IngestionEventEmitter } from './emitter/emitter.js';
import { watchMemory } from './observability/memory-watch.js';
import { openSpans } from './observability/spans.js';
import { sleep, withTimeout } from './shared/sleep.js';

/** What is open at this moment. */
export interface ServerCounts {
  readonly connections: number;
  readonly sessions: number;
  readonly watchers: number;
  readonly watchedProjects: number;
  /** Events queued for slow watchers. */
  readonly waiting: number;
  /** Events executed since the start, once per distinct document. */
  readonly executions: number;
}

/** A running server. */
export interface ProgressServer {
  /** Reports the progress of jobs in this process. */
  readonly emitter: IngestionEventEmitter;
  /** Its public address: PUBLIC_URL, or else `address`. */
  readonly url: string;
  /** The address it listens on: http://HOST:PORT. */
  readonly address: string;
  readonly counts: ServerCounts;
  /** Resolves once every event was handed to every watcher's connection, or after `timeoutMs` if some are too slow. */
  delivered(timeoutMs: number): Promise<void>;
  /** Disconnects watchers, finishes writes, closes HTTP, bus and store. A second call waits for the first. */
  close(): Promise<void>;
}

/** How long store and bus may take to open, in milliseconds. */
const OPEN_TIMEOUT_MS = 10_000;
const OPEN_RETRY_MS = 1_000;
/** How often `delivered` checks the watchers' queues, in milliseconds. */
const DELIVERED_POLL_MS = 20;

function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

const sentenceOf = (reason: unknown) => (reason instanceof Error ? reason.message : String(reason));

/** Assembles a server, opens store and bus, and listens. Rejects with a sentence that says what is wrong. */
export async function startServer(config: Config, ports: ServerPorts): Promise<ProgressServer> {
  const { store, bus, logger, clock, settings } = ports;
  let address = addressOf(config.host, config.port);
  const publicUrl = () => config.publicUrl?.replace(/\/+$/, '') ?? address;
  let closing: Promise<void> | null = null;
  let unwatchMemory = () => {};
  const isClosing = () => closing !== null;
  const recordSpan = await openSpans(clock);
  const rooms = assemble(config, ports, { isClosing, publicUrl, recordSpan });
  const {
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
  } = rooms;

  let opening: Promise<void> = Promise.resolve();
  let isTooLate = false;

  async function open(): Promise<void> {
    // Waits for both: one that opens after the other has failed would be opened twice by the next try, or never closed.
    const opened = await Promise.allSettled([store.open(), bus.open()]);
    const reasons = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if (reasons.length === 1) throw reasons[0];
    if (reasons.length > 1) {
      throw new Error(reasons.map(sentenceOf).join('\n'), { cause: new AggregateError(reasons) });
    }
    await storeClock.start();
    if (!isTooLate) await service.open();
  }

  /** Opens within the timeout, or, with `waitForDependencies`, tries until it works. */
  async function openInTime(): Promise<void> {
    if (!config.waitForDependencies) {
      opening = open();
      return withTimeout(clock, opening, OPEN_TIMEOUT_MS, () => {
        isTooLate = true;
        return new Error(`Not open after ${OPEN_TIMEOUT_MS / 1_000} s: check ${settings.join(' and ')}.`);
      });
    }
    for (;;) {
      try {
        return await open();
      } catch (error) {
        logger.warn({ error: String(error) }, 'waiting for store and event bus');
        await sleep(clock, OPEN_RETRY_MS);
      }
    }
  }

  async function shutDown(): Promise<void> {
    logger.info({ connections: webSockets.connections }, 'server shutting down');
    if (config.drainDelayMs > 0) await sleep(clock, config.drainDelayMs);
    const writes = service.close(config.drainDeadlineMs);
    await Promise.race([writes, sleep(clock, 1_000)]);
    await transport.close(config.drainDeadlineMs);
    await writes;
    hub.close();
    lists.close();
    health.stop();
    storeClock.dispose();
    unwatchMemory();
    await bus.close();
    await store.close();
    limitLogger.flush();
    logger.info({}, 'server closed');
  }

  const close = () => (closing ??= shutDown());

  async function listen(): Promise<void> {
    const port = await transport.listen(config.host, config.port);
    address = addressOf(config.host, port);
    logger.info({ url: publicUrl(), store: store.name, bus: bus.name }, `listening on ${address}`);
  }

  try {
    // The embedded store says so itself.
    if (!store.exclusive) await ports.spill?.check();
    await service.recall();
    // Probes are answered while dependencies are waited for.
    if (config.waitForDependencies) await listen();
    await openInTime();
    await health.start();
    if (!config.waitForDependencies) await listen();
  } catch (error) {
    health.stop();
    storeClock.dispose();
    await Promise.allSettled([service.close(0), transport.close(0)]);
    const closeBoth = () => Promise.allSettled([bus.close(), store.close()]);
    await closeBoth();
    // An open that timed out may still succeed.
    void opening.then(closeBoth, closeBoth);
    throw error;
  }
  unwatchMemory = watchMemory({
    ...{ clock, logger },
    breakdown: () => ({ connections: webSockets.connections, watchers: hub.watchers, waiting: hub.queued }),
  });
  if (store.exclusive && bus.sharedBetweenServers) {
    const names = { store: store.name, bus: bus.name };
    logger.warn(
      names,
      'shared event bus over an unshared store; use MongoDB (MONGODB_URI) for several servers',
    );
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
        sessions: sessionReaper.sessions,
        watchers: hub.watchers,
        watchedProjects: hub.watchedProjects,
        waiting: hub.queued,
        executions: shared.executions,
      };
    },
    async delivered(timeoutMs) {
      const deadlineAt = clock.monotonicNow() + timeoutMs;
      while (hub.queued > 0 && clock.monotonicNow() < deadlineAt) await sleep(clock, DELIVERED_POLL_MS);
    },
    close,
  };
}
