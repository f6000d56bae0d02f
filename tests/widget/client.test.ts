import { describe, expect, it } from 'vitest';
import { retryDelayMs, jitteredDelayMs } from '../../widget/client/backoff.js';
import { setup } from './support/setup.js';
import { completedOf, progressOf, record } from './support/states.js';

describe('A client', () => {
  it('shows the state once data came', async () => {
    const { follow, socket } = setup();
    const client = follow();
    const { seen } = record(client);
    const session = await socket();
    expect(session.targets).toEqual([{ projectId: 'p1', ingestionId: null, follow: true }]);
    session.play({ acknowledge: { scopes: ['progress:read'], serverTime: 5_000 } });
    const progress = progressOf();
    session.play({ progress });
    expect(client.getSnapshot()).toMatchObject({
      progress,
      knowledge: 'confirmed',
      scopes: ['progress:read'],
      serverTime: 5_000,
      receivedAt: client.monotonicNow(),
    });
    expect(seen).toEqual(['idle', 'connecting', 'connected']);
  });

  it('says that a project never ingested, as something known', async () => {
    const { follow, socket } = setup();
    const client = follow();
    record(client);
    (await socket()).play({ progress: null });
    expect(client.getSnapshot()).toMatchObject({ progress: null, knowledge: 'confirmed' });
  });

  it('comes back after 1 and 2 seconds, polls from the third failure on, and goes live again with data', async () => {
    const { environment, polling, follow, socket } = setup();
    const { seen } = record(follow());
    (await socket()).play({ close: 1006 });
    await environment.advance(1_000);
    (await socket()).play({ close: 1006 });
    await environment.advance(2_000);
    expect(polling.sessions).toHaveLength(1); // for the first state
    (await socket()).play({ close: 1006 });
    await environment.settle();
    polling.sessions[1]?.play({ progress: progressOf() });
    expect(seen).toEqual([
      'idle',
      'connecting',
      'reconnecting 0 waiting',
      'reconnecting 1',
      'reconnecting 1 waiting',
      'reconnecting 2',
      'reconnecting 2 waiting',
      'polling',
    ]);
    await environment.advance(4_000);
    (await socket()).play({ acknowledge: {} });
    expect(polling.sessions[1]?.open).toBe(true);
    (await socket()).play({ progress: completedOf() });
    expect(seen.at(-1)).toBe('connected');
    expect(polling.sessions[1]?.open).toBe(false);
  });

  it('polls after ten seconds without data, however few connections failed', async () => {
    const { environment, polling, follow } = setup();
    record(follow());
    await environment.advance(9_999);
    expect(polling.sessions).toHaveLength(1); // for the first state
    await environment.advance(1);
    expect(polling.sessions[1]?.checks).toBe(1);
  });

  // (invariant: healthy-before-reset)
  it('resets the count only once a connection was healthy: data, and five seconds open', async () => {
    const { environment, follow, socket } = setup();
    const { seen } = record(follow());
    for (const [lifeMs, wait] of [
      [4_000, 1_000],
      [4_000, 2_000],
      [5_000, 1_000],
    ] as const) {
      (await socket()).play({ progress: progressOf() });
      await environment.advance(lifeMs);
      (await socket()).play({ close: 1006 });
      await environment.advance(wait);
    }
    expect(seen.filter((word) => word.endsWith('waiting'))).toEqual([
      'reconnecting 0 waiting',
      'reconnecting 1 waiting',
      'reconnecting 0 waiting',
    ]);
  });

  // (invariant: bounded-retries)
  it('retries ten times, then once a minute in the background while polling works', async () => {
    const { environment, webSocket, polling, follow, socket } = setup();
    const client = follow();
    record(client);
    const passSecond = async (): Promise<void> => {
      await environment.advance(1_000);
      webSocket.sessions.at(-1)?.play({ close: 1006 });
      polling.sessions.at(-1)?.play({ progress: client.getSnapshot().progress ?? progressOf() });
      await environment.settle();
    };
    for (let second = 0; second < 200; second += 1) await passSecond();
    expect(webSocket.sessions.length).toBeGreaterThanOrEqual(11);
    const { connection } = client.getSnapshot();
    expect(connection).toMatchObject({ state: 'polling', attempt: 10, nextAttemptAt: null });
    const before = webSocket.sessions.length;
    for (let second = 0; second < 600; second += 1) await passSecond();
    expect(webSocket.sessions.length - before).toBeGreaterThanOrEqual(9);
    expect(webSocket.sessions.length - before).toBeLessThanOrEqual(10);
    client.reconnect();
    await socket();
    expect(client.getSnapshot().connection).toMatchObject({ state: 'polling', attempt: 1 });
  });

  it('stops when attempts and polls are used up, and starts over when the page is shown again', async () => {
    const { environment, webSocket, polling, follow, socket } = setup();
    const client = follow();
    const { seen } = record(client);
    for (let second = 0; second < 400; second += 1) {
      await environment.advance(1_000);
      webSocket.sessions.at(-1)?.play({ close: 1006 });
      polling.sessions.at(-1)?.play({ unreachable: true });
      await environment.settle();
    }
    expect(seen.at(-1)).toBe('disconnected exhausted');
    expect(webSocket.sessions).toHaveLength(11);
    expect(environment.timerCount).toBe(0);
    environment.signal('wake');
    (await socket()).play({ progress: progressOf() });
    expect(seen.slice(-2)).toEqual(['reconnecting 1', 'connected']);
  });

  it('offline waits without burning attempts, looks once a minute in case the browser is wrong, and wakes at once', async () => {
    const { environment, webSocket, follow, socket } = setup();
    const { seen } = record(follow());
    (await socket()).play({ progress: progressOf() });
    environment.online = false;
    environment.signal('offline');
    (await socket()).play({ close: 1006 });
    await environment.advance(59_000);
    expect(webSocket.sessions).toHaveLength(1);
    await environment.advance(1_000);
    (await socket()).play({ close: 1006 });
    environment.online = true;
    environment.signal('wake');
    (await socket()).play({ progress: progressOf() });
    expect(webSocket.sessions).toHaveLength(3);
    expect(seen).toEqual(['idle', 'connecting', 'connected', 'offline', 'reconnecting 1', 'connected']);
  });

  it('said to be offline by a browser that is wrong is connected again at the first sign of life', async () => {
    const { environment, follow, socket } = setup();
    const { seen } = record(follow());
    const session = await socket();
    session.play({ progress: progressOf() });
    environment.online = false;
    environment.signal('offline');
    expect(session.checks).toBe(1);
    session.play({ alive: true });
    expect(seen).toEqual(['idle', 'connecting', 'connected', 'offline', 'connected']);
  });
});

// (invariant: bounded-retries)
describe('The delays between attempts', () => {
  it('are 1, 2, 4, 8, 16, 30, 30 … seconds, moved by a quarter either way, and never over 30', () => {
    const attempts = [1, 2, 3, 4, 5, 6, 7, 10, 1_000];
    const waits = (random: number): number[] =>
      attempts.map((attempt) => retryDelayMs(attempt, 0.25, random));
    expect(waits(0.5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
    expect(waits(0)).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500, 22_500]);
    expect(waits(1)).toEqual([1_250, 2_500, 5_000, 10_000, 20_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it('after a planned restart lie anywhere in four seconds', () => {
    expect([jitteredDelayMs(0), jitteredDelayMs(1)]).toEqual([500, 4_500]);
  });
});
