/** A service over the memory store and bus with a manual clock, and everything that a watcher of a project heard. */
import type { IngestionEvent } from '@ingestion-progress/schema';
import type { EventBus } from '../../../server/bus/event-bus.js';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { IngestionEventEmitter, type EmitterOptions } from '../../../server/emitter/emitter.js';
import {
  createProgressService,
  type IngestionService,
  type ProgressServiceOptions,
} from '../../../server/ingestion/service.js';
import type { Logger } from '../../../server/observability/logger.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import type { ProgressStore } from '../../../server/store/progress-store.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';

/** A line of the log. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A service and what belongs to it. */
export interface Harness {
  readonly clock: ManualClock;
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly service: IngestionService;
  readonly emitter: IngestionEventEmitter;
  readonly log: LogLine[];
  /** Starts to listen; the list grows. */
  watch(projectId: string): Promise<IngestionEvent[]>;
}

/** Parts that a test brings along, others are made. */
export interface HarnessParts extends Partial<ProgressServiceOptions> {
  readonly clock?: ManualClock;
  readonly onRejected?: EmitterOptions['onRejected'];
}

/** Starts a service. */
export async function startHarness(parts: HarnessParts = {}): Promise<Harness> {
  const { onRejected, ...options } = parts;
  const clock = parts.clock ?? createManualClock();
  const store = parts.store ?? createMemoryStore();
  const bus = parts.bus ?? createMemoryBus({ clock });
  const log: LogLine[] = [];
  const level = (name: keyof Logger) => (fields: LogLine['fields'], message: string) =>
    void log.push({ level: name, fields, message });
  const logger: Logger = {
    debug: level('debug'),
    info: level('info'),
    warn: level('warn'),
    error: level('error'),
  };
  await store.open();
  await bus.open();
  const service = createProgressService({ ...options, store, bus, clock, logger });
  await service.open();
  const emitter = new IngestionEventEmitter(service, { logger, ...(onRejected && { onRejected }) });
  return {
    clock,
    store,
    bus,
    service,
    emitter,
    log,
    watch: async (projectId) => {
      const heard: IngestionEvent[] = [];
      await bus.subscribe(projectId, (message) => {
        if (message.kind === 'change') heard.push(message.change.event);
      });
      return heard;
    },
  };
}
