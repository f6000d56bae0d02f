import { describe, expect, it } from 'vitest';
import { createManualEnvironment } from './support/manual-environment.js';
import { setup, eventsOf } from './support/setup.js';
import { completedOf, progressOf, record } from './support/states.js';

describe('The first state', () => {
  it('is asked for once over HTTP, if the socket has not delivered it after 1 to 1.5 s', async () => {
    const { environment, polling, follow, socket } = setup(
      {},
      createManualEnvironment({ random: () => 0.99 }),
    );
    const client = follow();
    const { seen } = record(client);
    await environment.advance(1_494);
    expect(polling.sessions).toHaveLength(0);
    await environment.advance(1);
    expect(polling.sessions[0]).toMatchObject({ checks: 1, targets: [{ projectId: 'p1' }] });
    polling.sessions[0]?.play({ progress: progressOf({ progressPercent: 41 }) });
    expect(client.getSnapshot()).toMatchObject({
      progress: { progressPercent: 41 },
      connection: { state: 'connecting' }, // no fallback, and no attempt
      isDegraded: false,
    });
    expect(polling.sessions[0]?.open).toBe(false);
    (await socket()).play({ acknowledge: {} });
    (await socket()).play({ progress: progressOf({ progressPercent: 42 }) });
    expect(client.getSnapshot().progress?.progressPercent).toBe(42);
    expect(seen).toEqual(['idle', 'connecting', 'connected']);
  });

  it('fires no event, but what follows it does', async () => {
    const { environment, polling, follow, socket } = setup();
    const client = follow();
    const events = eventsOf(client);
    await environment.advance(1_500);
    polling.sessions[0]?.play({ progress: progressOf() });
    expect(events).toEqual([]);
    (await socket()).play({ progress: completedOf() });
    expect(events.at(-1)).toMatch(/^complete/);
  });

  it('is not asked for where the socket is faster, or polling is in use', async () => {
    const fast = setup();
    record(fast.follow());
    (await fast.socket()).play({ progress: progressOf() });
    await fast.environment.advance(2_000);
    expect(fast.polling.sessions).toHaveLength(0);
    const polls = setup({ transport: 'polling' });
    record(polls.follow());
    await polls.environment.advance(1_999);
    expect(polls.polling.sessions).toHaveLength(1);
    const sockets = setup({ transport: 'websocket' });
    record(sockets.follow());
    await sockets.environment.advance(5_000);
    expect(sockets.polling.sessions).toHaveLength(0);
  });

  it('is asked for once a page load and project, whoever follows it, and never at a reconnect', async () => {
    const { environment, polling, follow, socket } = setup();
    record(follow());
    record(follow());
    await environment.advance(1_500);
    expect(polling.sessions).toHaveLength(1);
    polling.sessions[0]?.play({ unreachable: true }); // a 429 or 503 as well
    (await socket()).play({ close: 1006 });
    await environment.advance(2_900);
    const client = follow();
    record(client);
    client.reconnect();
    await environment.advance(2_000);
    expect(polling.sessions).toHaveLength(1);
  });

  it('counts for nothing if the poll fails, whatever the server answers', async () => {
    const { environment, polling, follow } = setup();
    const client = follow();
    record(client);
    await environment.advance(1_500);
    polling.sessions[0]?.play({ reject: 'FORBIDDEN' });
    expect(client.getSnapshot().connection).toEqual({ state: 'connecting' });
    expect(polling.sessions[0]?.open).toBe(false);
  });

  it('is given up with the last listener', async () => {
    const { environment, polling, follow } = setup();
    const stop = follow().subscribe(() => undefined);
    await environment.advance(100);
    stop();
    await environment.advance(5_000);
    expect([polling.sessions.length, environment.timerCount]).toEqual([0, 0]);
  });
});
