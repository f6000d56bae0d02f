/** When the keys of an issuer are fetched, and who waits for them. */
import { expect, test } from 'vitest';
import { createKeySet, KEY_SET, type PublishedKey } from '../../../server/auth/key-set.js';

interface Fetch {
  answer(...kids: readonly string[]): void;
  fail(): void;
}

function setUp() {
  const state = { now: 1_000_000 };
  const fetches: Fetch[] = [];
  const keys = createKeySet<string>(
    () =>
      new Promise<readonly PublishedKey<string>[]>((resolve, reject) => {
        fetches.push({
          answer: (...kids) => resolve(kids.map((kid) => ({ kid, key: `key ${kid}` }))),
          fail: () => reject(new Error('no answer in time')),
        });
      }),
    { now: () => state.now },
  );
  const fetched = (place: number) => {
    const fetch = fetches[place];
    if (fetch === undefined) throw new Error(`There was no fetch ${place}.`);
    return fetch;
  };
  return { state, keys, fetches, fetched };
}

test('a known key that is old is used at once while another check waits for the issuer', async () => {
  const { state, keys, fetches, fetched } = setUp();
  const first = keys.find('a');
  fetched(0).answer('a');
  expect(await first).toBe('key a');
  state.now += KEY_SET.freshMs;
  const waiting = keys.find('a');
  expect(await keys.find('a')).toBe('key a');
  fetched(1).fail();
  expect(await waiting).toBe('key a');
  expect(fetches).toHaveLength(2);
});

test('after a failed fetch it is used without another try for a while, and no longer', async () => {
  const { state, keys, fetches, fetched } = setUp();
  const first = keys.find('a');
  fetched(0).answer('a');
  await first;
  state.now += KEY_SET.freshMs;
  const waiting = keys.find('a');
  fetched(1).fail();
  await waiting;
  state.now += KEY_SET.retryMs - 1;
  expect(await keys.find('a')).toBe('key a');
  expect(fetches).toHaveLength(2);
  state.now += 1;
  const renewed = keys.find('a');
  fetched(2).answer('b');
  // The issuer withdrew it.
  expect(await renewed).toBeNull();
});

test('a key that is too old is not used, whatever the issuer does', async () => {
  const { state, keys, fetched } = setUp();
  const first = keys.find('a');
  fetched(0).answer('a');
  await first;
  state.now += KEY_SET.freshMs + KEY_SET.staleMs;
  const refused = keys.find('a');
  fetched(1).fail();
  await expect(refused).rejects.toThrow('no answer in time');
});
