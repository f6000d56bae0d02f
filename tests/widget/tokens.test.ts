import { describe, expect, it } from 'vitest';
import { createTokenSource, subjectOf } from '../../widget/client/token-source.js';
import type { GetToken } from '../../widget/client/types.js';
import { createManualEnvironment } from './support/manual-environment.js';
import { eventsOf, jwtOf, setup, tokenOf } from './support/setup.js';
import { progressOf, record } from './support/states.js';

/** A source whose answers the test gives. */
function sourceOf() {
  const environment = createManualEnvironment();
  const asked: { force: boolean; signal: AbortSignal; answer: (token: unknown) => void }[] = [];
  const getToken: GetToken = ({ force, signal }) =>
    new Promise<string>((resolve) => {
      asked.push({ force, signal, answer: resolve as (token: unknown) => void });
    });
  const server: { now: number | null } = { now: null };
  const source = createTokenSource({
    environment,
    token: undefined,
    getToken,
    timeoutMs: 10_000,
    serverNow: () => server.now,
  });
  return { environment, asked, source, server };
}

describe('A token source', () => {
  // (invariant: one-token-refresh)
  it('asks once for all who want one at the same time, and keeps the answer', async () => {
    const { environment, asked, source } = sourceOf();
    const tokens = [
      source.getToken({ force: false }),
      source.getToken({ force: false }),
      source.getToken({ force: false }),
    ];
    await environment.settle();
    expect(asked).toHaveLength(1);
    asked[0]?.answer('one');
    expect(await Promise.all(tokens)).toEqual(['one', 'one', 'one']);
    expect(await source.getToken({ force: false })).toBe('one');
    expect(asked).toHaveLength(1);
  });

  it('asks again by force, also while an unforced request is under way, and once for all who force', async () => {
    const { environment, asked, source } = sourceOf();
    const plain = source.getToken({ force: false });
    const force = [source.getToken({ force: true }), source.getToken({ force: true })];
    await environment.settle();
    expect(asked.map((request) => request.force)).toEqual([false, true]);
    asked[0]?.answer('old');
    asked[1]?.answer('new');
    expect(await plain).toBe('old');
    expect(await Promise.all(force)).toEqual(['new', 'new']);
    expect(await source.getToken({ force: false })).toBe('new');
  });

  it('never offers again a token that was to be replaced, also if the request for another failed', async () => {
    const { environment, asked, source } = sourceOf();
    const ask = async (force: boolean, answer: string) => {
      const token = source.getToken({ force });
      // Its outcome is looked at below.
      token.catch(() => undefined);
      await environment.settle();
      asked.at(-1)?.answer(answer);
      return token;
    };
    await ask(false, 'expired');
    await expect(ask(true, '')).rejects.toThrow();
    expect(await ask(false, 'new')).toBe('new');
    expect(asked.map(({ force }) => force)).toEqual([false, true, true]);
    expect(await source.getToken({ force: false })).toBe('new');
  });

  it('keeps the answer of the newest request, however late an older one comes', async () => {
    const { environment, asked, source } = sourceOf();
    const plain = source.getToken({ force: false });
    const force = source.getToken({ force: true });
    await environment.settle();
    asked[1]?.answer('new');
    expect(await force).toBe('new');
    asked[0]?.answer('old');
    expect(await plain).toBe('new');
    expect(await source.getToken({ force: false })).toBe('new');
    expect(asked).toHaveLength(2);
  });

  it('keeps nothing of a request that was overtaken before everybody left', async () => {
    const { environment, asked, source } = sourceOf();
    const plain = source.getToken({ force: false });
    const force = source.getToken({ force: true });
    await environment.settle();
    asked[1]?.answer('new');
    await force;
    source.dispose();
    asked[0]?.answer('old');
    await plain;
    const next = source.getToken({ force: false });
    await environment.settle();
    asked[2]?.answer('next');
    expect(await next).toBe('next');
  });

  // (invariant: every-step-has-a-timeout)
  it('aborts a request that hangs, and makes a new one the next time', async () => {
    const { environment, asked, source } = sourceOf();
    const late = source.getToken({ force: false });
    const refused = expect(late).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' });
    await environment.advance(10_000);
    await refused;
    expect(asked[0]?.signal.aborted).toBe(true);
    asked[0]?.answer('too late');
    const next = source.getToken({ force: false });
    await environment.settle();
    asked[1]?.answer('good');
    expect(await next).toBe('good');
  });

  it.each([undefined, null, 7, '', { token: 'x' }])('takes %j for no token', async (rubbish) => {
    const { environment, asked, source } = sourceOf();
    const token = source.getToken({ force: false });
    await environment.settle();
    asked[0]?.answer(rubbish);
    await expect(token).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' });
  });

  it('asks anew, by force, for a token that is past its end by the clock of the server', async () => {
    const { environment, asked, source, server } = sourceOf();
    const first = source.getToken({ force: false });
    await environment.settle();
    asked[0]?.answer(jwtOf({ iat: 1_000, exp: 1_060 }));
    await first;
    server.now = 1_059_999;
    await source.getToken({ force: false });
    expect(asked).toHaveLength(1);
    server.now = 1_060_000;
    const tokens = [source.getToken({ force: false }), source.getToken({ force: false })];
    await environment.settle();
    expect(asked.map(({ force }) => force)).toEqual([false, true]);
    asked[1]?.answer('new');
    expect(await Promise.all(tokens)).toEqual(['new', 'new']);
  });

  it('takes a token as expired that it has held for its whole lifetime, before it knows the clock of the server', async () => {
    const { environment, asked, source } = sourceOf();
    const first = source.getToken({ force: false });
    await environment.settle();
    // By the wall clock of the page this one expired long ago: the page may be wrong.
    asked[0]?.answer(jwtOf({ iat: 1_000, exp: 1_060 }));
    await first;
    await environment.advance(59_999);
    await source.getToken({ force: false });
    expect(asked).toHaveLength(1);
    await environment.advance(1);
    void source.getToken({ force: false });
    await environment.settle();
    expect(asked.map(({ force }) => force)).toEqual([false, true]);
    asked[1]?.answer('new');
  });

  it.each([{}, { exp: null }, { exp: '7' }, { iat: 1 }])(
    'never takes a token with %j as expired',
    async (claims) => {
      const { environment, asked, source, server } = sourceOf();
      const first = source.getToken({ force: false });
      await environment.settle();
      asked[0]?.answer(jwtOf(claims));
      await first;
      server.now = Number.MAX_SAFE_INTEGER;
      await source.getToken({ force: false });
      expect(asked).toHaveLength(1);
    },
  );

  it('leaves nothing behind when nobody needs it any more', async () => {
    const { environment, asked, source } = sourceOf();
    const token = source.getToken({ force: false });
    const refused = expect(token).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' });
    await environment.settle();
    source.dispose();
    await refused;
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(environment.timerCount).toBe(0);
  });

  it('makes a new request for a subscriber that joins just as the last one leaves', async () => {
    const { environment, asked, source } = sourceOf();
    const left = expect(source.getToken({ force: false })).rejects.toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
    });
    await environment.settle();
    source.dispose();
    const next = source.getToken({ force: false });
    await left;
    await environment.settle();
    asked[1]?.answer('next');
    expect(await next).toBe('next');
  });

  it('reads the sub of a JWT, and of nothing else', () => {
    expect(subjectOf(tokenOf('anna'))).toBe('anna');
    for (const other of ['', 'opaque', 'a.b.c', 'a.e30.c', `a.${btoa('{"sub":7}')}.c`]) {
      expect(subjectOf(other), other).toBeNull();
    }
  });
});

describe('A token that is rejected for one subscription', () => {
  it('is renewed once by force and the subscription asked for again, with no word to the person', async () => {
    const force: boolean[] = [];
    const { environment, webSocket, follow, socket } = setup({
      getToken: (request) => {
        force.push(request.force);
        return tokenOf('anna');
      },
    });
    const { seen } = record(follow());
    const session = await socket();
    webSocket.onRequest = () => ({ refreshToken: { expiresAt: 90_000, serverTime: 0, scopes: [] } });
    session.play({ progress: progressOf() });
    session.play({ reject: 'TOKEN_EXPIRED' });
    await environment.settle();
    expect(force).toEqual([false, true]);
    expect(webSocket.requests[0]?.variables).toEqual({ token: tokenOf('anna') });
    expect(session.targets).toHaveLength(1);
    session.play({ progress: progressOf() });
    expect(seen).toEqual(['idle', 'connecting', 'connected']);
  });

  it('twice makes that project unauthorized, and leaves the others alone', async () => {
    const { environment, webSocket, follow, socket } = setup({ getToken: () => tokenOf('anna') });
    const one = record(follow());
    const other = follow({ projectId: 'p2' });
    const events = eventsOf(other);
    const session = await socket();
    webSocket.onRequest = () => ({ refreshToken: {} });
    session.play({ progress: progressOf({ projectId: 'p2' }), projectId: 'p2' });
    session.play({ reject: 'UNAUTHENTICATED', projectId: 'p1' });
    await environment.settle();
    session.play({ reject: 'UNAUTHENTICATED', projectId: 'p1' });
    await environment.settle();
    expect(one.seen.at(-1)).toBe('unauthorized');
    session.play({ progress: progressOf({ projectId: 'p2', currentPhase: 2 }), projectId: 'p2' });
    expect(events).toEqual(['phase 2']);
  });

  it('cannot be renewed where there is only one: unauthorized at once', async () => {
    const { follow, socket } = setup({ token: tokenOf('anna') });
    const { seen } = record(follow());
    (await socket()).play({ reject: 'TOKEN_EXPIRED' });
    expect(seen).toEqual(['idle', 'connecting', 'unauthorized']);
  });
});

describe('A subscription that the server rejects for now', () => {
  it('is asked for again under its own backoff, while the socket and its neighbour stay', async () => {
    const { environment, webSocket, follow, socket } = setup();
    const one = record(follow());
    const other = record(follow({ projectId: 'p2' }));
    const session = await socket();
    session.play({ progress: progressOf({ projectId: 'p2' }), projectId: 'p2' });
    const waits = [
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 60_000, 60_000,
    ];
    for (const wait of waits) {
      session.play({ reject: 'UNAVAILABLE', projectId: 'p1' });
      await environment.advance(wait - 1);
      expect(session.targets).toHaveLength(1);
      await environment.advance(1);
      expect(session.targets).toHaveLength(2);
    }
    session.play({ progress: progressOf() });
    expect(one.names()).toEqual(['idle', 'connecting', 'reconnecting', 'connected']);
    expect(one.seen).toContain('reconnecting 9 waiting');
    expect(one.seen).not.toContain('reconnecting 10 waiting');
    expect(one.seen).toContain('reconnecting 10');
    expect(one.seen).not.toContain('reconnecting 11');
    expect(other.names()).toEqual(['idle', 'connecting', 'connected']);
    expect(webSocket.sessions).toHaveLength(1);
  });
});
