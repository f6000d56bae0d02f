import { describe, expect, it } from 'vitest';
import { createIngestionClient } from '../../widget/client/client.js';
import { sharedConnection } from '../../widget/client/connection-pool.js';
import { eventsOf, setup, tokenOf } from './support/setup.js';
import { completedOf, progressOf, record } from './support/states.js';

describe('A client that is', () => {
  it('made starts nothing', async () => {
    const { environment, webSocket, follow } = setup();
    follow();
    await environment.advance(10_000);
    expect([webSocket.sessions.length, environment.timerCount, environment.signalCount]).toEqual([0, 0, 0]);
  });

  it('disposed leaves no socket, no timer and no listener, at every point of its life', async () => {
    const points = [
      async () => undefined,
      async ({ socket }: ReturnType<typeof setup>) =>
        (await socket()).play({ acknowledge: { expiresAt: 90_000, serverTime: 0 } }),
      async ({ socket }: ReturnType<typeof setup>) => (await socket()).play({ progress: progressOf() }),
      async ({ socket }: ReturnType<typeof setup>) => (await socket()).play({ progress: completedOf() }),
      async ({ socket }: ReturnType<typeof setup>) => (await socket()).play({ reject: 'UNAVAILABLE' }),
      async ({ socket }: ReturnType<typeof setup>) => (await socket()).play({ reject: 'TOKEN_EXPIRED' }),
      async ({ socket }: ReturnType<typeof setup>) => (await socket()).play({ close: 1006 }),
      async ({ environment }: ReturnType<typeof setup>) => environment.advance(10_500),
      async ({ socket, environment }: ReturnType<typeof setup>) => {
        (await socket()).play({ progress: completedOf() });
        await environment.advance(75_000);
      },
    ];
    for (const point of points) {
      const parts = setup({ getToken: () => tokenOf('anna') });
      const client = parts.follow();
      eventsOf(client);
      await parts.environment.settle();
      await point(parts);
      client.dispose();
      client.dispose();
      const { environment, webSocket, polling } = parts;
      await environment.settle();
      const open = [...webSocket.sessions, ...polling.sessions].filter((session) => session.open);
      expect([open.length, environment.timerCount, environment.signalCount], String(point)).toEqual([
        0, 0, 0,
      ]);
      client.reconnect();
      client.disconnect();
      await environment.advance(100_000);
      expect(environment.timerCount).toBe(0);
    }
  });

  it('stays subscribed for a second after its last listener left, then releases everything', async () => {
    const { environment, webSocket, follow, socket } = setup();
    const client = follow();
    const stop = client.subscribe(() => undefined);
    (await socket()).play({ progress: progressOf() });
    stop();
    stop();
    await environment.advance(900);
    const again = client.subscribe(() => undefined);
    await environment.advance(10_000);
    expect(webSocket.sessions).toHaveLength(1);
    again();
    await environment.advance(1_000);
    expect(webSocket.sessions[0]?.open).toBe(false);
    expect([environment.timerCount, environment.signalCount]).toEqual([0, 0]);
    expect(client.getSnapshot().connection.state).toBe('idle');
  });

  it('stopped by the user stays stopped until reconnect, whatever wakes the page', async () => {
    const { environment, webSocket, follow, socket } = setup();
    const client = follow();
    const { seen } = record(client);
    (await socket()).play({ progress: progressOf() });
    client.disconnect();
    environment.signal('wake');
    await environment.advance(600_000);
    expect(webSocket.sessions).toHaveLength(1);
    client.reconnect();
    (await socket()).play({ progress: progressOf() });
    expect(seen).toEqual([
      'idle',
      'connecting',
      'connected',
      'disconnected stopped',
      'connecting',
      'connected',
    ]);
  });

  it('without follow closes at the ending, and only reconnect reopens it', async () => {
    const { environment, webSocket, follow, socket } = setup();
    const client = follow({ follow: false });
    const { seen } = record(client);
    const session = await socket();
    session.play({ progress: progressOf() });
    session.play({ progress: completedOf() });
    environment.signal('wake');
    await environment.advance(600_000);
    expect(session.open).toBe(false);
    expect(webSocket.sessions).toHaveLength(1);
    expect(seen.at(-1)).toBe('completed');
  });

  it('left by its last listener after an end holds nothing of the page, also without dispose', async () => {
    for (const step of [{ progress: completedOf() }, { reject: 'FORBIDDEN' }, { reject: 'BAD_USER_INPUT' }]) {
      const { environment, follow, socket } = setup();
      const stop = follow({ follow: false }).subscribe(() => undefined);
      (await socket()).play(step);
      stop();
      await environment.advance(1_000);
      expect([environment.timerCount, environment.signalCount]).toEqual([0, 0]);
    }
  });

  it('cut short by a server that completes too early asks again', async () => {
    const { environment, follow, socket } = setup();
    const { seen } = record(follow());
    const session = await socket();
    session.play({ progress: progressOf() });
    session.play({ complete: true });
    expect(session.targets).toEqual([]);
    await environment.advance(1_000);
    expect(session.targets).toHaveLength(1);
    session.play({ progress: progressOf() });
    expect(seen).toEqual([
      'idle',
      'connecting',
      'connected',
      'reconnecting 0 waiting',
      'reconnecting 1',
      'connected',
    ]);
  });
});

describe('A followed ingestion that ended', () => {
  it('releases its socket after a minute, polls every 30 seconds, and opens for the next ingestion', async () => {
    const { environment, webSocket, polling, follow, socket } = setup();
    const client = follow();
    const { names } = record(client);
    const events = eventsOf(client);
    (await socket()).play({ progress: completedOf() });
    await environment.advance(59_000);
    expect(webSocket.sessions[0]?.open).toBe(true);
    await environment.advance(1_000);
    expect(webSocket.sessions[0]?.open).toBe(false);
    await environment.advance(30_000);
    const looks = polling.sessions[0]!;
    expect(looks.checks).toBe(1);
    looks.play({ progress: client.getSnapshot().progress });
    await environment.advance(30_000);
    expect(looks.checks).toBe(2);
    looks.play({ progress: progressOf({ id: 'run-2' }) });
    expect(events).toEqual(['phase 1']);
    (await socket()).play({ progress: progressOf({ id: 'run-2', currentPhase: 2 }) });
    expect(webSocket.sessions).toHaveLength(2);
    expect(names()).toEqual(['idle', 'connecting', 'connected', 'completed', 'connecting', 'connected']);
    client.dispose();
  });

  it('reconnects if polling for the next one fails', async () => {
    const { environment, webSocket, polling, follow, socket } = setup();
    const client = follow();
    const { names } = record(client);
    (await socket()).play({ progress: completedOf() });
    await environment.advance(90_000);
    polling.sessions[0]!.play({ close: 1006 });
    await environment.settle();
    expect(webSocket.sessions).toHaveLength(2);
    expect(names()).toEqual(['idle', 'connecting', 'connected', 'completed', 'connecting']);
    client.dispose();
  });
});

describe('Commands', () => {
  it('are answered with how they fared, and reject with a code where the server refuses', async () => {
    const { webSocket, follow, socket } = setup();
    const client = follow();
    await expect(client.cancelIngestion()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    client.subscribe(() => undefined);
    (await socket()).play({ progress: progressOf() });
    webSocket.onRequest = () => ({ cancelIngestion: { status: 'REJECTED', reason: 'Too late.' } });
    expect(await client.cancelIngestion()).toEqual({ status: 'REJECTED', reason: 'Too late.' });
    webSocket.onRequest = () => ({ retryIngestion: { status: 'ACCEPTED', reason: null } });
    expect(await client.retryIngestion(2)).toEqual({ status: 'ACCEPTED', reason: null });
    expect(webSocket.requests.at(-1)?.variables).toEqual({
      projectId: 'p1',
      ingestionId: 'run-1',
      fromPhase: 2,
    });
    webSocket.onRequest = null;
    await expect(client.retryIngestion()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    client.dispose();
  });
});

describe('Clients made alone', () => {
  it('share a connection where endpoint and token source are the same, and only there', () => {
    const getToken = (): string => 'x';
    const options = { endpoint: 'https://api.example/graphql', getToken };
    const one = sharedConnection(options);
    expect(sharedConnection({ ...options })).toBe(one);
    expect(sharedConnection({ ...options, getToken: () => 'x' })).not.toBe(one);
    expect(sharedConnection({ ...options, endpoint: 'https://other.example/graphql' })).not.toBe(one);
    expect(sharedConnection({ ...options, transport: 'polling' })).not.toBe(one);
  });

  it('can be imported and made on a server, where nothing is opened and nothing stays', () => {
    const client = createIngestionClient({ projectId: 'p1', endpoint: 'https://api.example/graphql' });
    expect(client.getSnapshot().connection).toEqual({ state: 'idle' });
    client.dispose();
  });
});
