/** Our estimate as a page shows it: worked out at each event by the server's module, put into words, counted down in between. */
import { overallRemainingTime, type PhaseTime } from '../../server/progress/overall-remaining-time.js';
import {
  activeMs,
  advanceRemainingTime,
  pauseRemainingTime,
  resumeRemainingTime,
  type RemainingTimeStep,
} from '../../server/progress/remaining-time.js';
import {
  countedDown,
  etaSeconds,
  etaWords,
  type EtaEstimate,
  type EtaWords,
} from '../../widget/element/eta-words.js';
import type { Estimator } from './judge.js';
import type { Trace } from './trace.js';

/** `isOverall`: the estimate of the whole run, by weights, instead of the phase's own. */
export function createOurEstimator(isOverall = false): Estimator {
  let step: RemainingTimeStep | null = null;
  let estimate: EtaEstimate | null = null;
  let words: EtaWords | null = null;
  let estimatedAt = 0;
  let trace: Trace | null = null;
  let current = 0;
  const took: number[] = [];
  const whole = (running: RemainingTimeStep): EtaEstimate | null =>
    overallRemainingTime(
      (trace?.phases ?? []).map(({ weight }, index): PhaseTime => {
        const status = index < current ? 'done' : index > current ? 'pending' : 'running';
        const isRunning = status === 'running';
        return {
          status,
          weight,
          activeMs: isRunning ? activeMs(running.state) : (took[index] ?? 0),
          remaining: isRunning ? running.estimate : null,
          expectedMs: null,
        };
      }),
    );
  return {
    startPhase(of, index) {
      if (step !== null) took[current] = activeMs(step.state);
      [trace, current, step] = [of, index, null];
    },
    take([atMs, percent, itemsDone, itemsTotal, bytesDone, bytesTotal]) {
      const work = { percent, itemsDone, itemsTotal, bytesDone, bytesTotal };
      step = advanceRemainingTime(step?.state ?? null, work, atMs);
      estimate = isOverall ? whole(step) : step.estimate;
      estimatedAt = atMs;
    },
    pause(atMs) {
      if (step !== null) step = { ...step, state: pauseRemainingTime(step.state, atMs) };
    },
    resume(atMs) {
      if (step !== null) step = { ...step, state: resumeRemainingTime(step.state, atMs) };
      estimatedAt = atMs;
    },
    isShown: () => estimate !== null,
    shownMs(nowMs) {
      words = estimate === null ? null : etaWords(countedDown(estimate, nowMs - estimatedAt), words);
      return words === null ? null : etaSeconds(words) * 1000;
    },
  };
}
