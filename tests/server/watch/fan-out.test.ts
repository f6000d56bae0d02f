import { describe, expect, it } from 'vitest';
import { createFanOut } from '../../../server/watch/project-watch.js';

/** Work of so many slices, each of which takes so long on the clock; notes each slice under its name. */
function harness() {
  let now = 0;
  const done: string[] = [];
  const fanOut = createFanOut({ monotonicNow: () => now });
  return {
    fanOut,
    done,
    add: (name: string, slices: number, sliceMs: number) => {
      let left = slices;
      fanOut.add(() => {
        done.push(name);
        now += sliceMs;
        left -= 1;
        return left > 0;
      });
    },
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('events to very many watchers', () => {
  it('go out in slices, and the event loop has its turn after 8 ms of them', async () => {
    const { fanOut, done, add } = harness();
    add('large', 10, 3);
    expect(done).toEqual([]);
    await turn();
    expect(done).toHaveLength(3);
    expect(fanOut.pending).toBe(1);
    while (fanOut.pending > 0) await turn();
    expect(done).toHaveLength(10);
  });

  it('of one large project do not starve a small one', async () => {
    const { done, add } = harness();
    add('large', 40, 3);
    add('small', 1, 3);
    await turn();
    expect(done).toEqual(['large', 'small', 'large']);
  });

  it('that come while others go out wait their turn, and none is lost', async () => {
    const { fanOut, done, add } = harness();
    add('large', 4, 9);
    await turn();
    add('late', 2, 9);
    while (fanOut.pending > 0) await turn();
    expect(done.filter((name) => name === 'large')).toHaveLength(4);
    expect(done.filter((name) => name === 'late')).toHaveLength(2);
    expect(done.indexOf('late')).toBeLessThan(done.lastIndexOf('large'));
  });
});
