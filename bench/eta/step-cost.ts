/** What one step of our estimate costs, in µs of CPU: the best of several rounds, since other work on the machine only adds. */
import {
  advanceRemainingTime,
  type RemainingTimeState,
  type Work,
} from '../../server/progress/remaining-time.js';

const STEPS = 100_000;
const ROUNDS = 10;

function costOf(workAt: (step: number) => Work): number {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    let state: RemainingTimeState | null = null;
    const before = process.cpuUsage().user;
    for (let step = 0; step < STEPS; step += 1)
      ({ state } = advanceRemainingTime(state, workAt(step), 1.8e12 + step * 500));
    least = Math.min(least, (process.cpuUsage().user - before) / STEPS);
  }
  return least;
}

/** By kind of event. */
export function stepCosts(): Readonly<Record<string, number>> {
  const nothing = { percent: null, bytesDone: null, bytesTotal: null };
  return {
    'a step that tells items': costOf((step) => ({ ...nothing, itemsDone: step, itemsTotal: STEPS })),
    'a step that tells percent, items and bytes': costOf((step) => ({
      percent: Math.floor((100 * step) / STEPS),
      itemsDone: step,
      itemsTotal: STEPS,
      bytesDone: step * 12_345,
      bytesTotal: STEPS * 12_345,
    })),
    'a heartbeat': costOf((step) => ({ ...nothing, itemsDone: Math.min(step, 500), itemsTotal: STEPS })),
  };
}
