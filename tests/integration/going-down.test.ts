/** Going down without a herd, and leaving nothing behind. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../../server/bus/memory-bus.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import type { ManualClock } from '../support/manual-clock.js';
import { openRaw } from './support/raw-socket.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { RunningServer } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

const WATCH =
  'subscription ($p: ID!, $f: Boolean!) { ingestionProgress(projectId: $p, follow: $f) { revision } }';

function tokenBy(clock: ManualClock): string {
  return tokenFor({ projects: '*', exp: Math.floor(clock.now() / 1_000) + 90_000 });
}

async function openWatcher(running: RunningServer, clock: ManualClock) {
  const raw = await openRaw(running.wsUrl);
  await raw.init(tokenBy(clock));
  raw.send({ id: 'w', type: 'subscribe', payload: { query: WATCH, variables: { p: 'p1', f: true } } });
  await raw.messages.next();
  return raw;
}

// (invariant: drain-without-herd)
describe('a server that goes down', () => {
  it('says so to its probes first, and takes nobody new, while its watchers go on', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock, drainDelayMs: 5_000 });
    const watcher = await openWatcher(running, clock);
    expect((await running.get('/readyz', null)).status).toBe(200);
    const closed = running.server.close();
    const ready = await running.get('/readyz', null);
    expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'closing' }]);
    expect((await running.get('/healthz', null)).status).toBe(200);
    await expect(openRaw(running.wsUrl)).rejects.toThrow('HTTP 503');
    await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await watcher.messages.next();
    await clock.advance(5_000);
    expect(await watcher.closed).toBe(1012);
    await closed;
  });

  it('sends its watchers away in batches with 1012, and terminates what lingers at the deadline', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock, drainDeadlineMs: 4_000 });
    const watchers = await Promise.all(Array.from({ length: 120 }, () => openWatcher(running, clock)));
    const codes: number[] = [];
    for (const { closed } of watchers) void closed.then((code) => codes.push(code));
    const stubborn = await openWatcher(running, clock);
    stubborn.socket.pause();
    const closed = running.server.close();
    await expect.poll(() => codes.length).toBe(50);
    await clock.advance(100);
    await expect.poll(() => codes.length).toBe(100);
    await clock.advance(100);
    await expect.poll(() => codes.length).toBe(120);
    expect(new Set(codes)).toEqual(new Set([1012]));
    expect(running.server.counts.connections).toBe(1);
    await clock.advance(4_000);
    await closed;
    expect(running.server.counts).toMatchObject({ connections: 0, watchers: 0, watchedProjects: 0 });
    await expect(running.get('/healthz', null)).rejects.toThrow();
  });

  it('cuts event streams without an end that would look like the ingestion’s', async () => {
    const running = await startTestServer();
    const response = await fetch(`${running.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokenFor()}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ query: WATCH, variables: { p: 'p1', f: true } }),
    });
    let text = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk);
      }
    })().then(
      () => 'ended',
      () => 'cut',
    );
    await expect.poll(() => text).toContain('"revision":0');
    await running.server.close();
    expect(await reading).toBe('cut');
    expect(text).not.toContain('event: complete');
  });

  it('has stored what it was told', async () => {
    const clock = createManualClock();
    const store = createMemoryStore();
    const running = await startTestServer({ clock, store });
    await running.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    running.server.emitter.emitProgressUpdate('p1', 1, 10);
    running.server.emitter.emitProgressUpdate('p1', 1, 42);
    await running.server.close();
    await store.open();
    expect((await store.read('p1'))?.progress.phases[0]?.percent).toBe(42);
  });
});

function collectGarbage(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('after an ending', () => {
  it('nothing of a project is left: watch, hub, timers, state, after 1,000 ingestions', async () => {
    const clock = createManualClock();
    const bus = createMemoryBus({ clock });
    let channels = 0;
    const subscribe: typeof bus.subscribe = async (projectId, listener) => {
      const unsubscribe = await bus.subscribe(projectId, listener);
      channels += 1;
      let left = false;
      return () => {
        if (!left) channels -= 1;
        left = true;
        unsubscribe();
      };
    };
    const counting = { ...bus, subscribe, state: 'connected' as const };
    const running = await startTestServer({
      ...{ clock, bus: counting, store: createMemoryStore() },
      // The clock stands still, and one viewer opens 1,100 documents.
      maxCpuMsPerViewer: 10_000,
    });
    const stock = connectStock(running.wsUrl, { token: tokenBy(clock) });
    await stock.acks.next();
    const timers = clock.timers;
    const { emitter } = running.server;

    async function ingest(projectId: string): Promise<void> {
      const watch = watchStock(stock, projectId);
      await watch.events.next();
      await emitter.emitPhaseStarted(projectId, 1, 'Looking');
      emitter.emitProgressUpdate(projectId, 1, 50);
      await emitter.emitComplete(projectId, {});
      expect(await watch.ended).toBe('completed');
    }

    for (let count = 0; count < 100; count += 1) await ingest(`warm-${count}`);
    await clock.advance(120_000);
    const before = collectGarbage();
    for (let count = 0; count < 1_000; count += 1) await ingest(`p-${count}`);
    expect(running.server.counts).toMatchObject({ watchers: 0, watchedProjects: 0, waiting: 0 });
    expect(channels).toBe(0);
    await clock.advance(120_000);
    await settle();
    expect(clock.timers).toBeLessThanOrEqual(timers);
    // What is left is what the memory store itself keeps of each project, some 6 kB.
    expect(collectGarbage() - before).toBeLessThan(1_000 * 20_000);
  }, 90_000);

  it('a subscription that follows stays, and gets the next ingestion', async () => {
    const running = await startTestServer();
    const stock = connectStock(running.wsUrl, { token: tokenFor() });
    const watch = watchStock(stock, 'p1', { follow: true });
    await watch.events.next();
    const { emitter } = running.server;
    await emitter.emitPhaseStarted('p1', 1, 'Looking');
    await emitter.emitComplete('p1', {});
    await watch.events.until(({ progress }) => progress?.status === 'COMPLETED');
    await emitter.emitPhaseStarted('p1', 1, 'Looking again');
    expect(await watch.events.next()).toMatchObject({
      __typename: 'ProgressSnapshot',
      progress: { status: 'RUNNING' },
    });
  });
});
