/** A watcher that reads slowly, or not at all, costs the server little and hides nothing from itself or others. */
import type { EventPayload, IngestionProgress } from '@ingestion-progress/schema';
import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../../server/bus/memory-bus.js';
import type { EventBus } from '../../server/bus/event-bus.js';
import { createManualClock } from '../support/manual-clock.js';
import { recordOf } from '../support/records.js';
import { openRaw } from './support/raw-socket.js';
import type { RawSocket } from './support/raw-socket.js';
import { startTestServer, tokenFor } from './support/running-server.js';

const WATCH = `subscription { ingestionProgress(projectId: "p1", follow: true) {
  __typename revision progress { status phases { message } } } }`;
/** Made large, so that what the system itself buffers is soon full. */
const LONG = 'x'.repeat(2_000);

function phases(): IngestionProgress['phases'] {
  return recordOf().progress.phases.map((phase) => ({ ...phase, message: LONG }));
}

/** Publishes changes as fast as the bus takes them, without the emitter's coalescing. */
function publisher(bus: EventBus) {
  let revision = 0;
  return async (payload: EventPayload, rest: Partial<IngestionProgress> = {}): Promise<void> => {
    revision += 1;
    const record = recordOf({ id: 'i1', projectId: 'p1', revision, phases: phases(), ...rest });
    const { progress } = record;
    const event = { projectId: 'p1', ingestionId: 'i1', revision, timestamp: revision, progress, payload };
    await bus.commit({ event, record }, revision - 1);
  };
}

const update: EventPayload = {
  type: 'progress_update',
  phase: 1,
  progressPercent: 1,
  metrics: {
    ...{ itemsTotal: null, itemsProcessed: 1, itemsFailed: null, bytesTotal: null, bytesProcessed: null },
    ...{
      itemsPerSecond: null,
      etaSeconds: null,
      etaLowSeconds: null,
      etaHighSeconds: null,
      itemsTotalIsFinal: true,
      counters: [],
    },
  },
};
const phaseStarted: EventPayload = { type: 'phase_started', phase: 2, phaseName: 'B', message: 'b' };
const complete: EventPayload = {
  type: 'ingestion_complete',
  result: {
    ...{ outcome: 'SUCCESS', itemsProcessed: null, itemsFailed: null, bytesProcessed: null },
    ...{ links: [], durationMs: 1, summary: null, output: null },
  },
};

async function paused() {
  const clock = createManualClock();
  const bus = createMemoryBus({ clock });
  const running = await startTestServer({ clock, bus });
  const raw = await openRaw(running.wsUrl);
  await raw.init(tokenFor({ exp: Math.floor(clock.now() / 1_000) + 9_000 }));
  raw.send({ id: 'w', type: 'subscribe', payload: { query: WATCH } });
  await raw.messages.next();
  raw.socket.pause();
  return { clock, running, raw, publish: publisher(bus) };
}

/** Lets sockets be written to and read from. */
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Publishes until the watcher's reader is behind. */
async function fill(publish: (payload: EventPayload) => Promise<void>, waiting: () => number): Promise<void> {
  for (let count = 0; waiting() === 0; count += 1) {
    if (count > 20_000) throw new Error('The reader never fell behind.');
    await publish(update);
    if (count % 20 === 0) await breathe();
  }
}

const namesOf = ({ messages }: RawSocket) =>
  messages.all.map(
    ({ payload }) =>
      (payload as { data?: { ingestionProgress: { __typename: string } } } | undefined)?.data
        ?.ingestionProgress.__typename,
  );

// (invariant: conflate-only-updates)
describe('a reader that pauses', () => {
  it('is told the newest state and the ending when it goes on, and memory stays flat meanwhile', async () => {
    const { raw, publish, running } = await paused();
    await fill(publish, () => running.server.counts.waiting);
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    for (let count = 0; count < 10_000; count += 1) {
      await publish(update);
      if (count % 100 === 0) await breathe();
    }
    expect(running.server.counts.waiting).toBe(1);
    await publish(phaseStarted);
    await publish(update);
    await publish(complete, { status: 'COMPLETED' });
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before;
    expect(grown).toBeLessThan(5_000_000);
    raw.socket.resume();
    await raw.messages.until(({ payload }) => JSON.stringify(payload).includes('IngestionComplete'));
    expect(namesOf(raw).slice(-2)).toEqual(['PhaseStarted', 'IngestionComplete']);
    expect(raw.messages.all.length).toBeLessThan(10_000);
  });

  it('is closed with 1013 where more than 16 events wait that cannot be merged', async () => {
    const { raw, publish, running } = await paused();
    await fill(publish, () => running.server.counts.waiting);
    for (let count = 0; count < 16; count += 1) await publish(phaseStarted);
    await publish(update);
    expect(running.server.counts).toMatchObject({ waiting: 17, watchers: 1 });
    await publish(phaseStarted);
    expect(running.server.counts).toMatchObject({ waiting: 0, watchers: 0 });
    raw.socket.resume();
    expect(await raw.closed).toBe(1013);
  });

  it('is closed with 1013 where it takes nothing for 30 s', async () => {
    const { clock, raw, publish, running } = await paused();
    await fill(publish, () => running.server.counts.waiting);
    await clock.advance(29_000);
    expect(running.server.counts.watchers).toBe(1);
    await clock.advance(3_000);
    raw.socket.resume();
    expect(await raw.closed).toBe(1013);
    await expect.poll(() => running.server.counts).toMatchObject({ connections: 0, watchers: 0 });
  });

  it('does not hold up the others', async () => {
    const { clock, publish, running } = await paused();
    const brisk = await openRaw(running.wsUrl);
    await brisk.init(tokenFor({ exp: Math.floor(clock.now() / 1_000) + 9_000 }));
    brisk.send({ id: 'w', type: 'subscribe', payload: { query: WATCH } });
    await fill(publish, () => running.server.counts.waiting);
    await publish(complete, { status: 'COMPLETED' });
    await brisk.messages.until(({ payload }) => JSON.stringify(payload).includes('IngestionComplete'));
  });
});

describe('a reader that is gone without a word', () => {
  it('is let go after two pings without an answer', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock });
    const raw = await openRaw(running.wsUrl, { autoPong: false });
    await raw.init(tokenFor({ exp: Math.floor(clock.now() / 1_000) + 9_000 }));
    raw.send({ id: 'w', type: 'subscribe', payload: { query: WATCH } });
    await raw.messages.next();
    const pinged = new Promise((resolve) => raw.socket.once('ping', resolve));
    await clock.advance(26_000);
    await pinged;
    expect(running.server.counts.watchers).toBe(1);
    await clock.advance(26_000);
    expect(await raw.closed).toBe(1006);
    await expect.poll(() => running.server.counts).toMatchObject({ connections: 0, watchers: 0 });
  });

  it('is told apart from one that pings by itself, which the server never pings', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock });
    const raw = await openRaw(running.wsUrl);
    await raw.init(tokenFor({ exp: Math.floor(clock.now() / 1_000) + 9_000 }));
    let pings = 0;
    raw.socket.on('ping', () => (pings += 1));
    for (let round = 0; round < 4; round += 1) {
      await clock.advance(20_000);
      raw.send({ type: 'ping' });
      await raw.messages.until(({ type }) => type === 'pong');
    }
    expect(pings).toBe(0);
    expect(running.server.counts.connections).toBe(1);
  });

  it('is closed with 4408 where it never says who it is', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock });
    const raw = await openRaw(running.wsUrl);
    await expect.poll(() => running.server.counts.connections).toBe(1);
    await clock.advance(4_000);
    expect(await raw.closed).toBe(4408);
  });
});
