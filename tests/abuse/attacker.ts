/**
 * An attacker as a process: draws its plan from the seed, prepares, says `begun`, attacks for as long as it is told, and
 * prints what came of it. Whatever it held open goes with the process.
 */
import { createRandom } from '../chaos/random.js';
import { familyNamed } from './families/index.js';
import type { Scene } from './family.js';

interface Order {
  readonly family: string;
  readonly seed: number;
  readonly port: number;
  readonly durationMs: number;
}

const { family: name, seed, port, durationMs } = JSON.parse(process.argv[2] ?? '') as Order;
const family = familyNamed(name);
const random = createRandom(seed);
const plan = family.draw(random);
const outcomes: Record<string, number> = {};
let hostile = 0;
let endsAt = Number.POSITIVE_INFINITY;
const scene: Scene = {
  port,
  random,
  isOver: () => performance.now() > endsAt,
  count: (outcome) => {
    hostile += 1;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  },
};

await family.prepare?.(plan, scene);
process.stdout.write('begun\n');
endsAt = performance.now() + durationMs;
// What waits for an answer that never comes must not make the attack longer.
await Promise.race([
  family.attack(plan, scene),
  new Promise((resolve) => setTimeout(resolve, durationMs + 1_000)),
]);
process.stdout.write(`${JSON.stringify({ hostile, outcomes })}\n`, () => process.exit(0));
