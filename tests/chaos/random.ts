/** A seeded random number generator: the same seed gives the same numbers. */

/** Random numbers. */
export interface Random {
  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number;
  /** From `least` (inclusive) to `most` (exclusive). */
  between(least: number, most: number): number;
  /** One of these. */
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32 (Tommy Ettinger, public domain), seeded. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    pick: (items) => {
      const [item] = items.slice(Math.floor(next() * items.length));
      if (item === undefined) throw new RangeError('Cannot pick from an empty list.');
      return item;
    },
  };
}
