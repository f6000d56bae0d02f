/** What a family of attacks is, and what all of them use: a clock that runs out, counts of outcomes, and a pace. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../chaos/random.js';

/** The attacker's side of a trial. */
export interface Scene {
  readonly port: number;
  /** Draws on, after the plan was drawn. */
  readonly random: Random;
  /** True once the attack is to end. */
  isOver(): boolean;
  /** Counts one hostile thing that was done, by what came of it. */
  count(outcome: string): void;
}

/** A family of attacks: a seed draws the plan, and the plan alone says what is done. */
export interface Family<Plan> {
  readonly name: string;
  /** Variables of the attacked server, so that few attackers reach a bound that takes very many by default. */
  readonly environment?: Readonly<Record<string, string>>;
  draw(random: Random): Plan;
  /** What the attacker sets up before anything is measured. */
  prepare?(plan: Plan, scene: Scene): Promise<void>;
  /** Attacks until it is over. Leaves nothing that must be closed: the process ends after it. */
  attack(plan: Plan, scene: Scene): Promise<void>;
}

/** A whole number from `least` to `most`, evenly by its logarithm: as often from 10 to 100 as from 100 to 1,000. */
export function drawSize(random: Random, least: number, most: number): number {
  return Math.round(least * (most / least) ** random.next());
}

/** Addresses of an attacker; never those of honest users. */
export function drawAddresses(random: Random, most: number): readonly string[] {
  const count = drawSize(random, 1, most);
  const net = 20 + Math.floor(random.between(0, 200));
  return Array.from({ length: count }, (_, index) => `127.${net}.${index >> 8}.${(index & 255) + 1}`);
}

/** One of these by turns. */
export function byTurns<T>(items: readonly T[], index: number): T {
  const [item] = items.slice(index % items.length);
  if (item === undefined) throw new RangeError('There is nothing to take turns with.');
  return item;
}

/** Does something again and again, so many at once and so many a second at most, until it is over or was done `most` times. */
export async function keepDoing(
  scene: Pick<Scene, 'isOver'>,
  pace: { readonly atOnce: number; readonly aSecond: number; readonly most: number },
  act: (index: number) => Promise<void>,
): Promise<void> {
  const beganAt = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: pace.atOnce }, async () => {
      while (!scene.isOver() && next < pace.most) {
        const index = next;
        next += 1;
        const aheadMs = beganAt + (index / pace.aSecond) * 1_000 - performance.now();
        if (aheadMs > 0) await delay(aheadMs);
        if (!scene.isOver()) await act(index);
      }
    }),
  );
}

/** Waits until it is over: what is open stays open. */
export async function hold(scene: Pick<Scene, 'isOver'>): Promise<void> {
  while (!scene.isOver()) await delay(50);
}
