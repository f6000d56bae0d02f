/** What goes wrong in a run, and when: drawn from a seed alone. Carries nothing out. */
import { createRandom, type Random } from './random.js';

/** Everything that can go wrong. */
export const FAULT_KINDS = [
  'kill-server',
  /** As soon as an ending is acknowledged after its moment. */
  'kill-server-at-ending',
  'stop-server',
  'pause-store',
  'kill-store',
  'kill-redis',
  'kill-pubsub',
  'cut-sockets',
  'swallow-sockets',
  'kill-reporter',
  'cut-reporter',
  'swallow-reporter',
] as const;
/** See the schedule. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault. */
export interface Fault {
  readonly kind: FaultKind;
  /** Milliseconds after the beginning. */
  readonly atMs: number;
  /** Milliseconds until it is undone; 0 for what is over at once. */
  readonly forMs: number;
  /** Which server it is about; of no meaning for the others. */
  readonly server: number;
}

/** How the job behaves once the faults are over: it completes, falls silent, or is dead. */
export type Finale = 'finish' | 'hold' | 'dead';

/** A whole run. */
export interface Schedule {
  readonly seed: number;
  readonly servers: 1 | 2;
  /** Whether there is Redis; without it two servers know of each other by the store alone. */
  readonly hasRedis: boolean;
  readonly faults: readonly Fault[];
  readonly finale: Finale;
}

/** How long faults may begin and last. */
const SPAN_MS = 14_000;
const PAUSE_STORE_MS = 10_000;

function durationOf(kind: FaultKind, random: Random): number {
  switch (kind) {
    case 'kill-pubsub':
    case 'cut-sockets':
    case 'cut-reporter':
      return 0;
    case 'pause-store':
      return PAUSE_STORE_MS;
    case 'kill-server':
    case 'kill-server-at-ending':
    case 'stop-server':
    case 'kill-reporter':
      return random.between(200, 3_000);
    case 'kill-store':
    case 'kill-redis':
    case 'swallow-sockets':
    case 'swallow-reporter':
      return random.between(1_000, 5_000);
  }
}

/** Draws a run. */
export function drawSchedule(seed: number): Schedule {
  const random = createRandom(seed);
  const servers = random.pick<1 | 2>([1, 2, 2]);
  const hasRedis = random.next() < 0.7;
  const kinds = FAULT_KINDS.filter((kind) => hasRedis || !(kind === 'kill-redis' || kind === 'kill-pubsub'));
  // What is promised is proven where the store fails, where servers die and where Redis does: each run has one of each.
  const certain = [
    random.pick<FaultKind>(['pause-store', 'kill-store']),
    random.pick<FaultKind>(['kill-server', 'kill-server-at-ending', 'stop-server']),
    ...(hasRedis ? [random.pick<FaultKind>(['kill-redis', 'kill-redis', 'kill-pubsub'])] : []),
  ];
  const count = Math.floor(random.between(4, 9));
  const faults = Array.from({ length: count }, (_, index): Fault => {
    const kind = certain[index] ?? random.pick(kinds);
    const forMs = Math.round(durationOf(kind, random));
    const atMs = Math.round(random.between(500, SPAN_MS - forMs));
    return { kind, atMs, forMs, server: Math.floor(random.between(0, servers)) };
  });
  return {
    seed,
    servers,
    hasRedis,
    faults: faults.sort((a, b) => a.atMs - b.atMs),
    finale: random.pick<Finale>(['finish', 'finish', 'hold', 'dead']),
  };
}
