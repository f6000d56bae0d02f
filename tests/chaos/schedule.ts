/** The faults of a run and their times, drawn from a seed. Injects nothing itself. */
import { createRandom, type Random } from './random.js';

/** Every kind of fault. */
export const FAULT_KINDS = [
  'kill-server',
  /** As soon as an ending is acknowledged after the scheduled time. */
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
/** The name of a fault. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault. */
export interface Fault {
  readonly kind: FaultKind;
  /** Milliseconds after the start of the run. */
  readonly atMs: number;
  /** Milliseconds until it is undone; 0 for faults without a duration. */
  readonly forMs: number;
  /** Index of the affected server; unused by faults that affect no server. */
  readonly server: number;
}

/** What the job does when the faults are over: it completes, stops reporting, or is killed. */
export type Finale = 'finish' | 'hold' | 'dead';

/** A run. */
export interface Schedule {
  readonly seed: number;
  readonly servers: 1 | 2;
  /** Whether there is a Redis; without it, two servers know of each other only through the store. */
  readonly hasRedis: boolean;
  readonly faults: readonly Fault[];
  readonly finale: Finale;
}

/** The time in which all faults begin and end, in milliseconds. */
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

/** Draws the schedule of a run. */
export function drawSchedule(seed: number): Schedule {
  const random = createRandom(seed);
  const servers = random.pick<1 | 2>([1, 2, 2]);
  const hasRedis = random.next() < 0.7;
  const kinds = FAULT_KINDS.filter((kind) => hasRedis || !(kind === 'kill-redis' || kind === 'kill-pubsub'));
  // The guarantees matter most when the store, a server or Redis fails: each run has one fault of each.
  const required = [
    random.pick<FaultKind>(['pause-store', 'kill-store']),
    random.pick<FaultKind>(['kill-server', 'kill-server-at-ending', 'stop-server']),
    ...(hasRedis ? [random.pick<FaultKind>(['kill-redis', 'kill-redis', 'kill-pubsub'])] : []),
  ];
  const count = Math.floor(random.between(4, 9));
  const faults = Array.from({ length: count }, (_, index): Fault => {
    const kind = required[index] ?? random.pick(kinds);
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
