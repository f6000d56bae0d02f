/** What is seen of a server: health, timed calls, memory, and logs without secrets. */
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createHealth } from '../../../server/observability/health.js';
import { silentLogger } from '../../../server/observability/logger.js';
import { measured } from '../../../server/observability/measured-port.js';
import { watchMemory } from '../../../server/observability/memory-watch.js';
import { ProgressError } from '../../../server/shared/errors.js';
import { createPinoLogger } from '../../../server/observability/pino-logger.js';
import { withoutPassword } from '../../../server/observability/redact-url.js';
import { createManualClock } from '../../support/manual-clock.js';

describe('health', () => {
  it('tells since when a dependency is up or down, and that one which hangs is down', async () => {
    const clock = createManualClock();
    let ping: () => Promise<void> = () => Promise.resolve();
    const changes: string[] = [];
    const health = createHealth({ store: () => ping() }, clock, (name, { state }) =>
      changes.push(`${name} ${state}`),
    );
    expect([health.hasBeenUp, health.isDegraded]).toEqual([false, false]);
    await health.start();
    expect([health.hasBeenUp, health.isDegraded]).toEqual([true, false]);
    ping = () => new Promise(() => undefined);
    await clock.advance(10_000);
    expect(health.isDegraded).toBe(true);
    expect(health.dependencies['store']).toEqual({ state: 'down', since: expect.any(Number) });
    ping = () => Promise.resolve();
    await clock.advance(10_000);
    expect([health.hasBeenUp, health.isDegraded]).toEqual([true, false]);
    expect(changes).toEqual(['store up', 'store down', 'store up']);
    health.stop();
    expect(clock.timers).toBe(0);
  });
});

describe('a measured port', () => {
  it('times calls that take a while, counts those that fail, and is otherwise the same', async () => {
    const clock = createManualClock();
    const calls: unknown[] = [];
    let state = 'one';
    const port = {
      get state() {
        return state;
      },
      read: async (key: string) => {
        await clock.advance(250);
        return `${key} ${state}`;
      },
      write: () => Promise.reject(new Error('away')),
      count: () => 5,
    };
    const timed = measured(port, clock, (...call) => calls.push(call));
    expect(await timed.read('a')).toBe('a one');
    await expect(timed.write()).rejects.toThrow('away');
    expect(timed.count()).toBe(5);
    state = 'two';
    expect(timed.state).toBe('two');
    expect(calls).toEqual([
      ['read', 0.25, false, ['a']],
      ['write', 0, true, []],
    ]);
  });
});

describe('memory', () => {
  it('is warned of once when it runs low, with what is open, and anew after it was well', async () => {
    const clock = createManualClock();
    const lines: object[] = [];
    let heapUsed = 50;
    const stop = watchMemory({
      clock,
      logger: { ...silentLogger, warn: (fields) => void lines.push(fields) },
      breakdown: () => ({ connections: 7 }),
      read: () => ({ heapUsed, heapLimit: 100, rss: 1, external: 1, arrayBuffers: 1 }),
    });
    await clock.advance(20_000);
    expect(lines).toEqual([]);
    heapUsed = 81;
    await clock.advance(30_000);
    expect(lines).toEqual([expect.objectContaining({ heapUsed: 81, heapLimit: 100, connections: 7 })]);
    heapUsed = 60;
    await clock.advance(10_000);
    heapUsed = 90;
    await clock.advance(10_000);
    expect(lines).toHaveLength(2);
    stop();
    expect(clock.timers).toBe(0);
  });
});

describe('a line of the log', () => {
  it('is JSON with level and time, below the level it is not said, and a token in it is not either', () => {
    let text = '';
    const destination = new Writable({
      write: (chunk, _encoding, done) => {
        text += String(chunk);
        done();
      },
    });
    const logger = createPinoLogger('info', destination);
    logger.debug({}, 'quiet');
    logger.info({ projectId: 'p1', token: 'hidden', headers: { authorization: 'Bearer hidden' } }, 'said');
    expect(JSON.parse(text)).toMatchObject({
      level: 'info',
      projectId: 'p1',
      msg: 'said',
      time: expect.any(String),
    });
    expect(text).not.toContain('hidden');
  });

  it('says what an error was, why, and where', () => {
    let text = '';
    const destination = new Writable({
      write: (chunk, _encoding, done) => {
        text += String(chunk);
        done();
      },
    });
    const cause = new ProgressError('UNAVAILABLE', 'The store is away.', { cause: new Error('no route') });
    createPinoLogger('info', destination).warn({ cause }, 'writes wait');
    expect(JSON.parse(text)).toMatchObject({
      cause: {
        code: 'UNAVAILABLE',
        message: 'The store is away.',
        stack: expect.stringContaining('observability.test'),
        cause: { message: 'no route' },
      },
    });
  });

  it.each([
    ['redis://:word@host:6379', 'redis://host:6379'],
    ['redis://:wo@rd@host:6379', 'redis://host:6379'],
    ['mongodb://user:12/word@a:1,b:2/db failed', 'mongodb://a:1,b:2/db failed'],
    ['mongodb://user:two words@host/db', 'mongodb://host/db'],
    ['mongodb://user:two\nlines@host/db?tlsCertificateKeyFilePassword=word', 'mongodb://host/db'],
    ['cannot reach redis://host?password=two words', 'cannot reach redis://host'],
    ['mongodb://host/db', 'mongodb://host/db'],
  ])('has no password of an address: %s', (address, told) => {
    expect(withoutPassword(address)).toBe(told);
  });
});
