/** A start whose store or bus is slow, or fails: nothing is opened twice, and nothing stays open. */
import { createProgressServer } from '@ingestion-progress/server';
import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../../server/bus/memory-bus.js';
import { ProgressError } from '../../server/shared/errors.js';
import { silentLogger } from '../../server/observability/logger.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { SECRET } from './support/running-server.js';

/** A store that opens when it is told to, and a bus that refuses at once while it is told to. */
function slowStoreAndBusThatFails() {
  const clock = createManualClock();
  const happened: string[] = [];
  let letOpen: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (letOpen = resolve));
  const inner = createMemoryStore();
  const store = {
    ...inner,
    open: async () => {
      happened.push('opening');
      await gate;
      await inner.open();
      happened.push('open');
    },
    close: async () => {
      happened.push('close');
      await inner.close();
    },
  };
  const busSays = { failure: new Error('REDIS_URL: nobody answers.') as Error | null };
  const bus = {
    ...createMemoryBus({ clock }),
    state: 'connected' as const,
    open: async () => {
      if (busSays.failure !== null) throw busSays.failure;
    },
  };
  const options = { port: 0, jwtSecret: SECRET, logger: silentLogger, clock, store, bus };
  return { clock, happened, letOpen, busSays, options };
}

describe('a start', () => {
  it('that gave up at its deadline closes what opens afterwards', async () => {
    const { clock, happened, letOpen, options, busSays } = slowStoreAndBusThatFails();
    busSays.failure = null;
    const starting = createProgressServer(options);
    const failed = expect(starting).rejects.toThrow('Not open after 10 s');
    await expect.poll(() => happened).toEqual(['opening']);
    await clock.advance(10_000);
    await failed;
    letOpen();
    await expect.poll(() => happened).toEqual(['opening', 'close', 'open', 'close']);
  });

  it('that waits for what it stands on opens the store once at a time', async () => {
    const { clock, happened, letOpen, busSays, options } = slowStoreAndBusThatFails();
    const starting = createProgressServer({ ...options, waitForDependencies: true });
    await expect.poll(() => happened).toEqual(['opening']);
    for (let second = 0; second < 5; second += 1) {
      await settle();
      await clock.advance(1_000);
    }
    expect(happened).toEqual(['opening']);
    letOpen();
    busSays.failure = null;
    let isUp = false;
    void starting.then(() => (isUp = true));
    const passes = async () => {
      await clock.advance(1_000);
      return isUp;
    };
    await expect.poll(passes).toBe(true);
    await (await starting).close();
  });

  it('says all that is not there at once', async () => {
    const { options } = slowStoreAndBusThatFails();
    const store = {
      ...options.store,
      open: () => Promise.reject(new ProgressError('UNAVAILABLE', 'MONGODB_URI: nobody answers.')),
    };
    await expect(createProgressServer({ ...options, store })).rejects.toThrow(
      'MONGODB_URI: nobody answers.\nREDIS_URL: nobody answers.',
    );
  });
});
