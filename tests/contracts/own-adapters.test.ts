/** A host's own store and bus pass the contracts, and whole servers work over them whatever their names are. */
import { describe, expect, it } from 'vitest';
import type { EventBus, Lease } from '../../server/index.js';
import { startTestServer, tokenFor } from '../integration/support/running-server.js';
import type { RunningServer } from '../integration/support/running-server.js';
import { connectStock, watchStock } from '../integration/support/stock-client.js';
import { createLedgerStore, createTube, type Pages } from '../support/own-adapters.js';
import { describeEventBus } from './event-bus.contract.js';
import { describeProgressStore, MAX_LOG_ENTRIES } from './progress-store.contract.js';

const ledgers = () => {
  const pages: Pages = new Map();
  const leases = new Map<string, Lease>();
  return () => createLedgerStore({ pages, leases, maxEvents: MAX_LOG_ENTRIES });
};

describeProgressStore('a host’s own store', async () => {
  const open = ledgers();
  const [store, other] = [open(), open()];
  await Promise.all([store.open(), other.open()]);
  return { store, other, dispose: async () => void (await Promise.all([store.close(), other.close()])) };
});

describeEventBus('a host’s own bus', async () => {
  const open = createTube();
  const [bus, other] = [open(), open()];
  return { bus, other, dispose: async () => void (await Promise.all([bus.close(), other.close()])) };
});

/** Two servers on one ledger, each with its bus. */
async function twoServers<B extends EventBus>(openBus: () => B) {
  const openStore = ledgers();
  const [busA, busB] = [openBus(), openBus()];
  const a = await startTestServer({ store: openStore(), bus: busA });
  const b = await startTestServer({ store: openStore(), bus: busB });
  return { a, b, busA, busB };
}

async function watchOn({ wsUrl }: RunningServer) {
  const watch = watchStock(connectStock(wsUrl, { token: tokenFor() }), 'p1');
  await watch.events.next();
  return watch;
}

const phase = (watch: Awaited<ReturnType<typeof watchOn>>, number: number) =>
  watch.events.until(({ progress }) => progress?.currentPhase === number);

describe('servers over a host’s own store and bus', () => {
  it('deliver events between servers, and name both adapters in the log', async () => {
    const { a, b, busA } = await twoServers(createTube());
    const line = await a.line(({ message }) => message.startsWith('listening on'));
    expect(line).toMatchObject({ store: 'ledger', bus: 'tube' });
    const watch = await watchOn(b);
    await a.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await phase(watch, 1);
    await a.server.emitter.emitComplete('p1', {});
    expect(await watch.ended).toBe('completed');
    expect(watch.events.all.at(-1)).toMatchObject({ __typename: 'IngestionComplete' });
    expect(busA.commits).toBeGreaterThan(0);
  });

  it('continue through the store while the bus is cut, and are live again after', async () => {
    const { a, b, busA, busB } = await twoServers(createTube());
    const watch = await watchOn(b);
    await a.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await phase(watch, 1);
    for (const bus of [busA, busB]) bus.setState('disconnected');
    await a.server.emitter.emitPhaseStarted('p1', 2, 'Reading');
    await phase(watch, 2);
    for (const bus of [busA, busB]) bus.setState('connected');
    await b.server.emitter.emitPhaseStarted('p1', 3, 'Thinking');
    await a.server.emitter.emitComplete('p1', {});
    expect(await watch.ended).toBe('completed');
  });

  it('continue through the store if the bus does not reach the other server at all', async () => {
    const { a, b, busA } = await twoServers(() =>
      Object.assign(createTube()(), { sharedBetweenServers: false }),
    );
    const watch = await watchOn(b);
    await a.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await phase(watch, 1);
    await b.server.emitter.emitPhaseStarted('p1', 2, 'Reading');
    await a.server.emitter.emitPhaseStarted('p1', 3, 'Thinking');
    await phase(watch, 3);
    await a.server.emitter.emitComplete('p1', {});
    expect(await watch.ended).toBe('completed');
    expect(busA.commits).toBe(0);
  });
});
