/** What the token cache remembers, and for how long. */
import { expect, test } from 'vitest';
import { createTokenCache, TOKEN_CACHE } from '../../../server/auth/token-cache.js';
import type { Viewer } from '../../../server/auth/viewer.js';
import { ProgressError } from '../../../server/shared/errors.js';

function setUp() {
  const state = { now: 1_000_000, checks: 0, isRefused: false };
  const viewer: Viewer = {
    subject: 'ada',
    scopes: new Set(['progress:read']),
    projects: '*',
    expiresAt: state.now + 3_600_000,
    claims: {},
  };
  const cache = createTokenCache(
    {
      verify: async () => {
        state.checks += 1;
        if (state.isRefused) throw new ProgressError('UNAUTHENTICATED', 'The token is not valid.');
        return viewer;
      },
    },
    { now: () => state.now, monotonicNow: () => state.now, setTimer: () => () => undefined },
  );
  return { cache, state, viewer };
}

test('a good token is checked once while it is remembered', async () => {
  const { cache, state, viewer } = setUp();
  expect(await cache.verify('a')).toBe(viewer);
  state.now += TOKEN_CACHE.ttlMs - 1;
  expect(await cache.verify('a')).toBe(viewer);
  expect(state.checks).toBe(1);
});

test('a token is checked again after its time, so that a withdrawn key soon counts no more', async () => {
  const { cache, state } = setUp();
  await cache.verify('a');
  state.now += TOKEN_CACHE.ttlMs;
  state.isRefused = true;
  await expect(cache.verify('a')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('an expired token is never answered from memory', async () => {
  const { cache, state, viewer } = setUp();
  await cache.verify('a');
  state.now = viewer.expiresAt;
  state.isRefused = true;
  await expect(cache.verify('a')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a refusal is not remembered', async () => {
  const { cache, state } = setUp();
  state.isRefused = true;
  await expect(cache.verify('a')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  state.isRefused = false;
  await expect(cache.verify('a')).resolves.toMatchObject({ subject: 'ada' });
});

test('no more tokens are remembered than the bound, the oldest going first', async () => {
  const { cache, state } = setUp();
  for (let index = 0; index <= TOKEN_CACHE.maxTokens; index += 1) await cache.verify(`token-${index}`);
  await cache.verify(`token-${TOKEN_CACHE.maxTokens}`);
  expect(state.checks).toBe(TOKEN_CACHE.maxTokens + 1);
  await cache.verify('token-0');
  expect(state.checks).toBe(TOKEN_CACHE.maxTokens + 2);
});
