/** A server's life: opens what it stands on, listens, and ends in order. What its rooms do is theirs. */
import { assemble } from './assembly.js';
import type { ServerPorts } from './assembly.js';
import type { Config } from './config.js';
import type { IngestionEventEmitter } from './emitter/emitter.js';
import { watchMemory } from './observability/memory-watch.js';
import { openSpans } from './observability/spans.js';

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

function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

const sentenceOf = (reason: unknown) => (reason instanceof Error ? reason.message : String(reason));

/** Builds a server, opens what it stands on, and listens. Rejects with a sentence where it cannot. */
export async function startServer(config: Config, ports: ServerPorts): Promise<ProgressServer> {
  const { store, bus, logger, clock } = ports;
  let address = addressOf(config.host, config.port);
  const publicUrl = () => config.publicUrl?.replace(/\/+$/, '') ?? address;
  let closing: Promise<void> | null = null;
  let unwatchMemory = () => {};
  const isClosing = () => closing !== null;
  const recordSpan = await openSpans(clock);
  const rooms = assemble(config, ports, { isClosing, publicUrl, recordSpan });
  const { service, emitter, hub, sessionReaper, shared, webSockets, health, transport } = rooms;
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(ms, resolve));

  let opening: Promise<void> = Promise.resolve();
  let isTooLate = false;

  async function open(): Promise<void> {
    // Both are waited for: what opened behind the other's failure would be opened twice by the next try, or never closed.
    const opened = await Promise.allSettled([store.open(), bus.open()]);
    const reasons = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if (reasons.length === 1) throw reasons[0];
    if (reasons.length > 1) {
      throw new Error(reasons.map(sentenceOf).join('\n'), { cause: new AggregateError(reasons) });
    }
    if (!isTooLate) await service.open();
  }

  /** Opens within the deadline, or, where told to wait, tries until it works. */
  async function openInTime(): Promise<void> {
    if (!config.waitForDependencies) {
      const names = [store.kind === 'mongodb' ? 'MONGODB_URI' : 'DATA_DIR'];
      if (bus.kind === 'redis') names.push('REDIS_URL');
      const seconds = START_DEADLINE_MS / 1_000;
      const late = new Error(`Not open after ${seconds} s: check ${names.join(' and ')}.`);
      opening = open();
      return Promise.race([
        opening,
        pause(START_DEADLINE_MS).then(() => {
          isTooLate = true;
          throw late;
        }),
      ]);
    }
    for (;;) {
      try {
        return await open();
      } catch (error) {
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
    unwatchMemory();
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
    const closeBoth = () => Promise.allSettled([bus.close(), store.close()]);
    await closeBoth();
    // What was too late may open still.
    void opening.then(closeBoth, closeBoth);
    throw error;
  }
  unwatchMemory = watchMemory({
    ...{ clock, logger },
    breakdown: () => ({ connections: webSockets.connections, watchers: hub.watchers, waiting: hub.queued }),
  });
  if (store.kind === 'embedded' && bus.kind === 'redis') {
    logger.warn({}, 'REDIS_URL joins servers, but DATA_DIR is a store of this one alone: set MONGODB_URI');
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
    async delivered(deadlineMs) {
      const until = clock.monotonicNow() + deadlineMs;
      while (hub.queued > 0 && clock.monotonicNow() < until) await pause(LOOK_MS);
    },
    close,
  };
}
