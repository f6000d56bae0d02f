/** Scripts of whole runs: what the server sends, and when. The client above the scripted transport is the real one. */
import type { Progress } from '@ingestion-progress/widget/client';
import type { ScriptedStep } from '@ingestion-progress/widget/testing';
import { phasesAt, SAMPLES } from './samples.js';

/** The script of a run. Times in milliseconds. */
export interface Scenario {
  readonly description: string;
  /** Sessions of the socket, in the order in which they are opened. */
  readonly socket: readonly (readonly ScriptedStep[])[];
  /** Sessions of the polling transport. */
  readonly polls?: readonly (readonly ScriptedStep[])[];
  /** When the network goes down, and when it is back. */
  readonly offline?: { readonly fromMs: number; readonly toMs: number };
  /** Steps after the user presses Retry. */
  readonly afterRetry?: readonly ScriptedStep[];
  readonly stalledAfter?: number;
}

const SECOND = 1000;
const HOUR = 3_600_000;
const PHASES = SAMPLES.running.phases;
const COMPLETED = SAMPLES.completed;

/** The state at an overall percent, `atMs` after the scenario began. */
function stateAt(beganAt: number, atMs: number, overall: number, change: Partial<Progress> = {}): Progress {
  let before = 0;
  const current = PHASES.find(({ weight }) => (before += weight * 100) > overall) ?? PHASES[3];
  const { number = 4, weight = 0.2 } = current ?? {};
  const share = ((overall - (before - weight * 100)) / (weight * 100)) * 100;
  const done = Math.round(overall * 98);
  const remaining = Math.round(((100 - overall) / 100) * 20);
  return {
    ...SAMPLES.running,
    id: 'demo',
    projectId: 'demo',
    revision: beganAt + atMs,
    currentPhase: number,
    progressPercent: overall,
    etaSeconds: overall < 10 ? null : remaining,
    phases: phasesAt(number, {
      percent: Math.min(100, share),
      message: `Document ${String(done)} of 9800`,
      metrics: {
        itemsTotal: 9800,
        itemsProcessed: done,
        itemsFailed: null,
        bytesTotal: null,
        bytesProcessed: done * 42_000,
        itemsPerSecond: 490,
        etaSeconds: null,
        etaLowSeconds: null,
        etaHighSeconds: null,
        itemsTotalIsFinal: true,
        counters: [],
      },
    }),
    startedAt: beganAt,
    updatedAt: beganAt + atMs,
    ...change,
  };
}

/** The acknowledgement of a new connection, whose token has all scopes. */
function acknowledged(beganAt: number, atMs: number): ScriptedStep {
  const scopes = ['progress:read', 'ingestion:control'];
  return { atMs: 300, acknowledge: { serverTime: beganAt + atMs, scopes, expiresAt: beganAt + HOUR } };
}

/** Two updates a second from one percent to another; `openedAt` is when the session was opened in the scenario. */
function run(beganAt: number, openedAt: number, from: number, to: number, forMs: number): ScriptedStep[] {
  const count = Math.round(forMs / 500);
  return Array.from({ length: count + 1 }, (_, index) => {
    const atMs = 500 + index * 500;
    const overall = from + ((to - from) * index) / count;
    return { atMs, progress: stateAt(beganAt, openedAt + atMs, Math.min(99.9, overall)) };
  });
}

function completed(beganAt: number, atMs: number, openedAt = 0): ScriptedStep {
  const progress: Progress = {
    ...stateAt(beganAt, openedAt + atMs, 99.9),
    ...COMPLETED,
    id: 'demo',
    projectId: 'demo',
    revision: beganAt + openedAt + atMs,
    result:
      COMPLETED.result === null ? null : { ...COMPLETED.result, links: [], durationMs: openedAt + atMs },
    startedAt: beganAt,
    completedAt: beganAt + openedAt + atMs,
    updatedAt: beganAt + openedAt + atMs,
  };
  return { atMs, progress };
}

function failed(beganAt: number, atMs: number): ScriptedStep {
  const { phases, error } = SAMPLES.failedRetryable;
  const progress = stateAt(beganAt, atMs, 40, {
    status: 'FAILED',
    phases: [...phases],
    error: error === null ? null : { ...error, occurredAt: beganAt + atMs },
  });
  return { atMs, progress };
}

/** All scenarios, starting at a given time. */
export function scenariosFrom(beganAt: number): Readonly<Record<string, Scenario>> {
  const lost: readonly ScriptedStep[] = [{ atMs: 200, close: 1006 }];
  return {
    smoothRun: {
      description: 'Twenty seconds from the first report to the result.',
      socket: [
        [acknowledged(beganAt, 0), ...run(beganAt, 0, 0, 100, 20 * SECOND), completed(beganAt, 21 * SECOND)],
      ],
    },
    dropAndRecovery: {
      description: 'The server goes away at 40 % and is back a moment later; the bar never goes back.',
      socket: [
        [acknowledged(beganAt, 0), ...run(beganAt, 0, 0, 40, 6 * SECOND), { atMs: 7 * SECOND, close: 1012 }],
        lost,
        [
          acknowledged(beganAt, 12 * SECOND),
          ...run(beganAt, 12 * SECOND, 55, 100, 9 * SECOND),
          completed(beganAt, 10 * SECOND, 12 * SECOND),
        ],
      ],
    },
    pollingAndBack: {
      description:
        'WebSockets do not get through, polling takes over; later one does, and real time is back.',
      socket: [
        lost,
        lost,
        lost,
        lost,
        [
          acknowledged(beganAt, 20 * SECOND),
          ...run(beganAt, 20 * SECOND, 60, 100, 10 * SECOND),
          completed(beganAt, 11 * SECOND, 20 * SECOND),
        ],
      ],
      polls: [run(beganAt, 0, 10, 60, 30 * SECOND).filter((_, index) => index % 4 === 0)],
    },
    tokenExpiry: {
      description: 'The token expires in mid-run; a fresh one is fetched, and nobody notices much.',
      socket: [
        [acknowledged(beganAt, 0), ...run(beganAt, 0, 0, 45, 7 * SECOND), { atMs: 8 * SECOND, close: 4403 }],
        [
          acknowledged(beganAt, 9 * SECOND),
          ...run(beganAt, 9 * SECOND, 47, 100, 9 * SECOND),
          completed(beganAt, 10 * SECOND, 9 * SECOND),
        ],
      ],
    },
    failureRetrySuccess: {
      description: 'The job fails; press Retry, and a new ingestion goes on to the end.',
      socket: [
        [acknowledged(beganAt, 0), ...run(beganAt, 0, 0, 40, 5 * SECOND), failed(beganAt, 6 * SECOND)],
      ],
      afterRetry: [
        ...run(beganAt, HOUR, 40, 100, 10 * SECOND).map((step) =>
          'progress' in step ? { ...step, progress: { ...(step.progress as Progress), id: 'demo-2' } } : step,
        ),
      ],
    },
    offline: {
      description: 'The network is gone for six seconds: said as such, without burning attempts.',
      socket: [
        [acknowledged(beganAt, 0), ...run(beganAt, 0, 0, 25, 4 * SECOND), { atMs: 5500, close: 1006 }],
        [
          acknowledged(beganAt, 11 * SECOND),
          ...run(beganAt, 11 * SECOND, 50, 100, 9 * SECOND),
          completed(beganAt, 10 * SECOND, 11 * SECOND),
        ],
      ],
      offline: { fromMs: 5 * SECOND, toMs: 11 * SECOND },
    },
    stalled: {
      description: 'The job says nothing for a while; the element says so, then it goes on.',
      socket: [
        [
          acknowledged(beganAt, 0),
          ...run(beganAt, 0, 0, 40, 4 * SECOND),
          ...run(beganAt, 14 * SECOND, 40, 100, 8 * SECOND).map((step) => ({
            ...step,
            atMs: step.atMs + 14 * SECOND,
          })),
          completed(beganAt, 24 * SECOND),
        ],
      ],
      stalledAfter: 5,
    },
    tenHours: {
      description: 'The last seconds of a run that has taken ten hours: steady figures, no flicker.',
      socket: [
        [
          acknowledged(beganAt, 0),
          ...run(beganAt, 0, 97, 99.9, 30 * SECOND).map((step) =>
            'progress' in step
              ? { ...step, progress: { ...(step.progress as Progress), startedAt: beganAt - 10 * HOUR } }
              : step,
          ),
        ],
      ],
    },
  };
}
