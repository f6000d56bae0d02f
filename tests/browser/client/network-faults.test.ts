import { describe, expect, it } from 'vitest';
import { shows, useFixture } from './support/fixture.js';

const f = useFixture();

describe('What the person saw, where the path failed in mid-run:', () => {
  it('cut without FIN: reconnecting, and a second later what was missed', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    f.link.cut();
    await seen.reaches('reconnecting');
    await f.startPhase3();
    await f.page.advance(1_000);
    await seen.until(shows(50));
    await seen.reaches('connected');
    expect(seen.states).toEqual([
      'connecting',
      'connected',
      'reconnecting 0 waiting',
      'reconnecting 1',
      'connected',
    ]);
    expect(seen.events).toEqual(['phase-started 3']);
  });

  it('a black hole: noticed by the missing pong, the bar unmoved, then what was missed', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    f.link.blackhole();
    await f.startPhase3();
    await f.page.advance(12_000);
    expect(seen.names.at(-1)).toBe('connected');
    await f.page.advance(5_000);
    await seen.reaches('reconnecting 0 waiting');
    await f.link.restore();
    await f.page.advance(1_000);
    await seen.until(shows(50));
    await seen.reaches('connected');
    expect(seen.names).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(seen.percents).toEqual([25, 50]);
  });

  it('both ways blocked for good: ten attempts, ten polls, disconnected; and the button brings it back', async () => {
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    f.faults.socket = 'block';
    f.faults.http = 'block';
    f.link.cut();
    await seen.reaches('reconnecting');
    for (let passed = 0; passed < 600 && seen.names.at(-1) !== 'disconnected'; passed += 1) {
      await f.page.advance(1_000);
    }
    expect(seen.states.at(-1)).toBe('disconnected exhausted');
    expect(seen.names).toEqual(['connecting', 'connected', 'reconnecting', 'disconnected']);
    expect(seen.states).toContain('reconnecting 10');
    expect(seen.percents).toEqual([25]);
    const { upgrades, requests } = f.faults;
    expect(upgrades).toBe(11);
    await f.page.advance(600_000);
    expect([f.faults.upgrades, f.faults.requests]).toEqual([upgrades, requests]);
    f.faults.socket = 'pass';
    await f.page.page.evaluate(() => window.clients[0]?.reconnect());
    await seen.reaches('connected');
    expect(seen.states.slice(-2)).toEqual(['reconnecting 1', 'connected']);
  });
});

// (invariant: every-step-has-a-timeout)
describe('What the person saw, where the server could not be reached from the start:', () => {
  it('refused: reconnecting with growing waits, polling as soon as it answers, then live', async () => {
    await f.link.refuse();
    const seen = await f.follow();
    await seen.reaches('reconnecting 0 waiting');
    await f.page.advance(1_000);
    await seen.reaches('reconnecting 1 waiting');
    await f.page.advance(2_000);
    await seen.reaches('reconnecting 2 waiting');
    await f.link.restore();
    await f.run();
    await f.page.advanceUntil(seen, 'polling', 3_000);
    await f.page.advanceUntil(seen, 'connected', 20_000);
    expect(seen.names).toEqual(['connecting', 'reconnecting', 'polling', 'connected']);
    expect(seen.percents).toEqual([25]);
    expect(seen.events).toEqual([]);
  });

  it('it accepts and says nothing: given up on after ten seconds, then live', async () => {
    f.link.blackhole();
    await f.run();
    const seen = await f.follow();
    await f.page.advance(9_900);
    expect(seen.states).toEqual(['connecting']);
    await f.page.advance(200);
    await seen.reaches('reconnecting 0 waiting');
    await f.link.restore();
    await f.page.advance(1_000);
    await seen.until(shows(25));
    await seen.reaches('connected');
    expect(seen.names).toEqual(['connecting', 'reconnecting', 'connected']);
  });

  it('it upgrades and never acknowledges: polling within ten seconds, live once it does', async () => {
    f.faults.socket = 'no-ack';
    await f.run();
    const seen = await f.follow();
    await expect.poll(() => f.faults.upgrades).toBe(1);
    await f.page.advance(5_000);
    await seen.reaches('reconnecting 0 waiting');
    await f.page.advance(1_000);
    await seen.reaches('reconnecting 1');
    await f.page.advanceUntil(seen, 'polling', 6_000);
    await seen.until(shows(25));
    f.faults.socket = 'pass';
    await f.page.advanceUntil(seen, 'connected', 20_000);
    expect(seen.names).toEqual(['connecting', 'reconnecting', 'polling', 'connected']);
    expect(seen.events).toEqual([]);
  });

  it('it acknowledges and sends no data: the same', async () => {
    f.faults.socket = 'no-data';
    await f.run();
    const seen = await f.follow();
    await expect.poll(() => f.faults.openSockets).toBe(1);
    await f.page.advanceUntil(seen, 'polling', 11_000);
    await seen.until(shows(25));
    f.faults.socket = 'pass';
    await f.page.advanceUntil(seen, 'connected', 20_000);
    expect(seen.names.slice(-2)).toEqual(['polling', 'connected']);
    expect(seen.names[0]).toBe('connecting');
  });

  // (invariant: healthy-before-reset)
  it('it acknowledges and closes, in a loop: three connections, not hundreds, then polling', async () => {
    f.faults.socket = { close: 1000, after: 'ack' };
    await f.run();
    const seen = await f.follow();
    await seen.reaches('reconnecting 0 waiting');
    await f.page.advance(1_000);
    await seen.reaches('reconnecting 1 waiting');
    await f.page.advance(2_000);
    await seen.reaches('polling');
    expect(f.faults.upgrades).toBe(3);
    f.faults.socket = 'pass';
    await f.startPhase3();
    await f.page.advance(2_000);
    await seen.until(shows(50));
    expect(seen.names.at(-1)).toBe('polling');
    await f.page.advanceUntil(seen, 'connected', 20_000);
    expect(seen.names).toEqual(['connecting', 'reconnecting', 'polling', 'connected']);
    expect(seen.events).toEqual(['phase-started 3']);
  });
});

describe('What the person saw, behind a proxy that', () => {
  for (const fault of ['block', 'not-found'] as const) {
    it(`refuses WebSockets (${fault}): polling, with the same events, to the end`, async () => {
      f.faults.socket = fault;
      await f.run();
      const seen = await f.follow();
      await seen.reaches('reconnecting 0 waiting');
      await f.page.advance(1_000);
      await seen.reaches('reconnecting 1 waiting');
      await f.page.advance(2_000);
      await seen.reaches('polling');
      await f.startPhase3();
      await f.page.advance(2_000);
      await seen.until(shows(50));
      await f.server.emitter.emitComplete(f.projectId, { itemsProcessed: 5 });
      await f.page.advance(2_000);
      await seen.until(shows(100));
      expect(seen.names).toEqual(['connecting', 'reconnecting', 'polling']);
      expect(seen.events).toEqual(['phase-started 3', 'complete']);
      expect(seen.percents).toEqual([25, 50, 100]);
    });
  }

  it('lets WebSockets through and blocks HTTP: connected, as if nothing were', async () => {
    f.faults.http = 'block';
    await f.run();
    const seen = await f.follow();
    await seen.until(shows(25));
    await f.page.advance(60_000);
    await f.startPhase3();
    await seen.until(shows(50));
    expect(seen.states).toEqual(['connecting', 'connected']);
    expect(f.faults.requests).toBe(0);
  });
});
