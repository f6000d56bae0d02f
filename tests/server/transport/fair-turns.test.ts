/** Executions take turns: I/O is served between them, viewers rotate, and only one heavy execution runs at a time. */
import { describe, expect, it } from 'vitest';
import { createFairTurns } from '../../../server/transport/fair-turns.js';

const LIGHT_MS = 0.1;
const HEAVY_MS = 20;

/** Counts the event loop's turns until it is told to stop. */
function countTurns() {
  const counter = { turns: 0, stop: () => void (isStopped = true) };
  let isStopped = false;
  const count = () => {
    counter.turns += 1;
    // A timer, since a turn's immediates say nothing about whether other phases had theirs.
    if (!isStopped) setTimeout(count, 0);
  };
  setTimeout(count, 0);
  return counter;
}

/** Runs so many executions at once; resolves with the subjects in the order in which they began. */
async function order(asked: readonly { readonly subject: string; readonly cpuMs: number }[]) {
  const turns = createFairTurns();
  const began: string[] = [];
  await Promise.all(asked.map(({ subject, cpuMs }) => turns.run(subject, cpuMs, () => began.push(subject))));
  return began;
}

describe('fair turns', () => {
  it('let the event loop go round between two executions of a burst', async () => {
    const turns = createFairTurns();
    const counter = countTurns();
    const hold = () => {
      const until = performance.now() + 3;
      while (performance.now() < until);
    };
    await Promise.all(Array.from({ length: 20 }, () => turns.run('one', LIGHT_MS, hold)));
    counter.stop();
    expect(counter.turns).toBeGreaterThanOrEqual(15);
  });

  it('rotate between viewers, however many executions one of them has waiting', async () => {
    const many = Array.from({ length: 10 }, () => ({ subject: 'many', cpuMs: LIGHT_MS }));
    const began = await order([...many, { subject: 'one', cpuMs: LIGHT_MS }]);
    expect(began.indexOf('one')).toBeLessThanOrEqual(2);
  });

  it('do not keep a light execution behind heavy ones', async () => {
    const heavy = Array.from({ length: 10 }, () => ({ subject: 'one', cpuMs: HEAVY_MS }));
    const began = await order([...heavy, { subject: 'another', cpuMs: LIGHT_MS }]);
    expect(began.indexOf('another')).toBeLessThanOrEqual(1);
  });

  it('let all light executions go before the next heavy one', async () => {
    const heavy = Array.from({ length: 5 }, () => ({ subject: 'heavy', cpuMs: HEAVY_MS }));
    const light = Array.from({ length: 10 }, (_, index) => ({ subject: `light ${index}`, cpuMs: LIGHT_MS }));
    const began = await order([...heavy, ...light]);
    expect(began.slice(0, 11).filter((subject) => subject === 'heavy').length).toBeLessThanOrEqual(1);
  });

  it('run one heavy execution at a time, those of light documents side by side', async () => {
    const turns = createFairTurns();
    const most = { heavy: 0, light: 0 };
    const running = { heavy: 0, light: 0 };
    const run = (kind: 'heavy' | 'light') =>
      turns.run(kind, kind === 'heavy' ? HEAVY_MS : LIGHT_MS, async () => {
        running[kind] += 1;
        most[kind] = Math.max(most[kind], running[kind]);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running[kind] -= 1;
      });
    await Promise.all(
      ['heavy', 'heavy', 'heavy', 'light', 'light', 'light'].map((kind) => run(kind as 'heavy')),
    );
    expect(most).toEqual({ heavy: 1, light: 3 });
  });

  it('let the event loop go round between two validations of new documents', async () => {
    const turns = createFairTurns();
    const counter = countTurns();
    const validate = async () => {
      await turns.wait('one', 'heavy');
      const until = performance.now() + 3;
      while (performance.now() < until);
    };
    await Promise.all(Array.from({ length: 20 }, validate));
    counter.stop();
    expect(counter.turns).toBeGreaterThanOrEqual(15);
  });

  it('go on if a heavy execution fails, and pass its error on', async () => {
    const turns = createFairTurns();
    const failed = turns.run('one', HEAVY_MS, () => Promise.reject(new Error('away')));
    const next = turns.run('one', HEAVY_MS, () => 'done');
    await expect(failed).rejects.toThrow('away');
    await expect(next).resolves.toBe('done');
  });

  it('begin the next heavy execution after 250 ms if one waits for a store', async () => {
    const turns = createFairTurns();
    void turns.run('one', HEAVY_MS, () => new Promise(() => undefined));
    await expect(turns.run('two', HEAVY_MS, () => 'done')).resolves.toBe('done');
  });
});
