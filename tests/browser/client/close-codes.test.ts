import { describe, expect, it } from 'vitest';
import { tokenFor } from '../../widget/support/real-server.js';
import { shows, useFixture } from './support/fixture.js';

const f = useFixture();
const fresh = (): string => tokenFor({ expiresInSeconds: 3_600 });

// (invariant: close-code-says-what-to-do)
describe('After a close with', () => {
  for (const code of [1000, 1001, 1011, 1013, 4408, 4500, 4504, 4999]) {
    it(`${String(code)} the client comes back with backoff`, async () => {
      await f.run();
      f.faults.socket = { close: code };
      const seen = await f.follow();
      await seen.reaches('reconnecting 0 waiting');
      f.faults.socket = 'pass';
      await f.page.advance(1_000);
      await seen.until(shows(25));
      await seen.reaches('connected');
      expect(seen.states).toEqual(['connecting', 'reconnecting 0 waiting', 'reconnecting 1', 'connected']);
    });
  }

  it('1012 it comes back within half a second and four and a half', async () => {
    await f.run();
    f.faults.socket = { close: 1012 };
    const seen = await f.follow();
    await seen.reaches('reconnecting 0 waiting');
    f.faults.socket = 'pass';
    await f.page.advance(499);
    expect(f.faults.upgrades).toBe(1);
    await f.page.advance(4_002);
    await seen.reaches('connected');
    expect(f.faults.upgrades).toBe(2);
  });

  for (const code of [1009, 4004, 4005, 4400, 4406, 4409, 4429]) {
    it(`${String(code)} it gives up and says why`, async () => {
      f.faults.socket = { close: code };
      const seen = await f.follow();
      await seen.reaches('error');
      f.faults.socket = 'pass';
      await f.page.advance(120_000);
      expect(seen.states).toEqual(['connecting', 'error']);
      expect(seen.connection).toMatchObject({
        error: { code: code === 1009 ? 'MESSAGE_TOO_BIG' : 'PROTOCOL_ERROR' },
      });
      expect(f.faults.upgrades).toBe(1);
    });
  }

  for (const [code, name] of [
    [4401, 'UNAUTHENTICATED'],
    [4403, 'TOKEN_EXPIRED'],
  ] as const) {
    it(`${String(code)} it asks for another token once, at once`, async () => {
      await f.run();
      f.page.onToken = (force) => {
        if (force) f.faults.socket = 'pass';
        return fresh();
      };
      f.faults.socket = { close: code };
      const seen = await f.follow({ requestsToken: true });
      await seen.reaches('connected');
      expect(seen.names).toEqual(['connecting', 'reconnecting', 'connected']);
      expect(f.page.tokenRequests).toEqual([false, true]);
    });

    it(`${String(code)} twice it says unauthorized, and asks no more`, async () => {
      f.page.onToken = fresh;
      f.faults.socket = { close: code };
      const seen = await f.follow({ requestsToken: true });
      await seen.reaches('unauthorized');
      await f.page.advance(120_000);
      expect(seen.names).toEqual(['connecting', 'reconnecting', 'unauthorized']);
      expect(seen.connection).toMatchObject({ error: { code: name } });
      expect(f.page.tokenRequests).toEqual([false, true]);
      expect(f.faults.upgrades).toBe(2);
    });
  }
});
