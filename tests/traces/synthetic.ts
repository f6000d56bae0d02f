/** Traces of made-up runs, each drawn from a seed: log-normal items, long equal ones, pauses, heartbeats, growing totals, phases. */
import type { Trace, TracePause, TracePhase, TracePoint } from './trace.js';

/** The server publishes no more often than this, in ms. */
const WINDOW_MS = 500;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Log-normal with mean 1. */
function logNormal(random: Random, sigma: number): number {
  return Math.exp(sigma * normal(random) - (sigma * sigma) / 2);
}

const between = (random: Random, low: number, high: number) => low + random() * (high - low);
/** As likely in each octave. */
const scaleBetween = (random: Random, low: number, high: number) => low * (high / low) ** random();

/** What is done of one phase: items that take their time, one after the other. */
interface Plan {
  readonly name: string;
  readonly weight?: number;
  /** ms that each item takes. */
  readonly durations: readonly number[];
  /** Bytes of each item, if the job tells bytes. */
  readonly bytes?: readonly number[];
  /** Whether items are told; true if absent. */
  readonly tellsItems?: boolean;
  /** Whole percents, rounded down, of the bytes, else of the items. */
  readonly tellsPercent?: boolean;
  /** Share of the items that is known when this share of them is done; all if absent. */
  readonly known?: (done: number) => number;
  /** ms before the first item begins. */
  readonly setupMs?: number;
}

interface Conditions {
  readonly heartbeatMs?: number;
  /** Pauses by the run's own time, that is without the pauses before them. */
  readonly pauses?: readonly { readonly atMs: number; readonly lastsMs: number; readonly isTold: boolean }[];
}

/** Runs a plan: what would have been told, by windows of 500 ms. */
function traceOf(source: string, plans: readonly Plan[], conditions: Conditions = {}): Trace {
  const phases: TracePhase[] = [];
  const points: TracePoint[] = [];
  const pauses: TracePause[] = [];
  const toCome = [...(conditions.pauses ?? [])];
  let activeMs = 0;
  let pausedMs = 0;
  let toldAt = 0;
  /** Active time to the wall's, with each pause that has begun by then. */
  const wall = (atMs: number): number => {
    for (let next = toCome[0]; next !== undefined && next.atMs <= atMs; next = toCome[0]) {
      pauses.push({
        fromMs: next.atMs + pausedMs,
        toMs: next.atMs + pausedMs + next.lastsMs,
        isTold: next.isTold,
      });
      pausedMs += next.lastsMs;
      toldAt = Math.max(toldAt, next.atMs + pausedMs);
      toCome.shift();
    }
    return atMs + pausedMs;
  };
  for (const plan of plans) {
    const { durations, bytes, known } = plan;
    const sum = (values: readonly number[] = []) => values.reduce((total, value) => total + value, 0);
    const allBytes = sum(bytes);
    let bytesDone = 0;
    const say = (done: number): TracePoint => {
      const found =
        known === undefined
          ? 1
          : Math.min(1, Math.max(done / durations.length, known(done / durations.length)));
      const percent = 100 * (bytes === undefined ? done / durations.length : bytesDone / allBytes);
      const tellsItems = plan.tellsItems ?? true;
      return [
        0,
        plan.tellsPercent === true ? Math.floor(percent + 1e-9) : null,
        tellsItems ? done : null,
        tellsItems ? Math.max(done, Math.round(durations.length * found)) : null,
        bytes === undefined ? null : Math.round(bytesDone),
        bytes === undefined ? null : Math.round(Math.max(bytesDone, allBytes * found)),
      ];
    };
    const startedAtMs = Math.round(wall(activeMs));
    phases.push({
      name: plan.name,
      startedAtMs,
      firstPoint: points.length,
      weight: plan.weight ?? null,
      itemsTotal: (plan.tellsItems ?? true) ? durations.length : null,
      bytesTotal: bytes === undefined ? null : Math.round(allBytes),
    });
    const tell = (at: number, point: TracePoint, heartbeat = false) => {
      const [, ...rest] = point;
      toldAt = at;
      points.push(
        (heartbeat ? [Math.round(at), ...rest.slice(0, 5), 1] : [Math.round(at), ...rest]) as TracePoint,
      );
    };
    let held = say(0);
    tell(startedAtMs, held);
    let isHeld = false;
    activeMs += plan.setupMs ?? 0;
    const lifeUntil = (at: number) => {
      const every = conditions.heartbeatMs ?? Infinity;
      while (toldAt + every < at) tell(toldAt + every, held, true);
    };
    durations.forEach((duration, index) => {
      activeMs += duration;
      const before = pausedMs;
      const at = wall(activeMs);
      // What is held is told at the end of its window; a pause in between cuts the signs of life.
      if (isHeld && toldAt + WINDOW_MS < at - (pausedMs - before)) {
        tell(toldAt + WINDOW_MS, held);
        isHeld = false;
      }
      lifeUntil(at);
      bytesDone += bytes?.[index] ?? 0;
      held = say(index + 1);
      isHeld = at < toldAt + WINDOW_MS;
      if (!isHeld) tell(at, held);
    });
    if (isHeld) tell(wall(activeMs), held);
  }
  return {
    source,
    phases,
    points,
    ...(pauses.length > 0 ? { pauses } : {}),
    endedAtMs: Math.round(wall(activeMs)),
  };
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const sumOf = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Means of an item's time: jobs of 11 minutes, an hour and nine hours if they have 500 items. */
const MEANS_MS = [1_300, 6_500, 65_000];

function logNormalItems(sigma: number, count: number, conditions: Conditions = {}) {
  return (seed: number): Trace => {
    const random = randomOf(seed);
    const meanMs = (MEANS_MS[seed % MEANS_MS.length] ?? 0) * (500 / count);
    const durations = times(count, () => meanMs * logNormal(random, sigma));
    return traceOf(`log-normal σ ${sigma}, ${count} items`, [{ name: 'Items', durations }], conditions);
  };
}

function equalItems(conditions: Conditions = {}) {
  return (seed: number): Trace => {
    const random = randomOf(seed);
    const durations = times(60, () => 5 * MINUTE_MS * between(random, 0.99, 1.01));
    return traceOf('60 items of 5 min', [{ name: 'Videos', durations }], conditions);
  };
}

function paused(isTold: boolean) {
  return (seed: number): Trace => {
    const random = randomOf(seed);
    const durations = times(500, () => 6_500 * logNormal(random, 0.5));
    const atMs = sumOf(durations) * between(random, 0.15, 0.85);
    const lastsMs = HOUR_MS * (isTold ? between(random, 0.3, 3) : between(random, 7, 10));
    const source = isTold ? 'a pause that is told' : 'a night without a word';
    return traceOf(source, [{ name: 'Items', durations }], { pauses: [{ atMs, lastsMs, isTold }] });
  };
}

/** A scan beside the work, which ends after 5 to 40% of the time. */
function scanned(seed: number): Trace {
  const random = randomOf(seed);
  const durations = times(1_500, () => 400 * logNormal(random, 1));
  const bytes = durations.map((duration) => duration * 20_000 * logNormal(random, 0.3));
  const end = between(random, 0.05, 0.4);
  return traceOf('a scan beside the work', [
    { name: 'Save', durations, bytes, known: (done) => (done + 0.002) / end },
  ]);
}

/** A crawl that finds less and less the further it is: 1 − (1 − x)^k is known when x is done. */
function crawled(seed: number): Trace {
  const random = randomOf(seed);
  const power = between(random, 1.5, 5);
  const durations = times(2_000, () => 500 * logNormal(random, 1));
  const known = (done: number) => 1 - (1 - done) ** power + 0.001;
  return traceOf('a crawl', [{ name: 'Crawl', durations, known }]);
}

/** Time goes by bytes, files are of very different size, and all three measures are told. */
function bySize(seed: number): Trace {
  const random = randomOf(seed);
  const bytes = times(400, () => 5e6 * logNormal(random, 2));
  const msPerByte = scaleBetween(random, 3e-5, 3e-3);
  // Large files last: what a count of items gets most wrong.
  if (seed % 2 === 0) bytes.sort((a, b) => a - b);
  const durations = bytes.map((size) => size * msPerByte * logNormal(random, 0.3) + 20);
  return traceOf('time by bytes', [{ name: 'Copy', durations, bytes, tellsPercent: true }]);
}

/** The pace changes once, threefold, one way or the other. */
function changing(seed: number): Trace {
  const random = randomOf(seed);
  const from = Math.floor(500 * between(random, 0.2, 0.6));
  const factor = seed % 2 === 0 ? 3 : 1 / 3;
  const durations = times(500, (index) => 3_000 * logNormal(random, 0.5) * (index < from ? 1 : factor));
  return traceOf('a pace that changes threefold', [{ name: 'Items', durations }]);
}

/** A machine that others use too: the pace wanders by half, over seconds or minutes, and comes back. */
function shared(seed: number): Trace {
  const random = randomOf(seed);
  const keep = Math.exp(-1 / scaleBetween(random, 15, 200));
  let load = 0.6 * normal(random);
  const durations = times(600, () => {
    load = load * keep + 0.6 * Math.sqrt(1 - keep * keep) * normal(random);
    return 2_000 * logNormal(random, 0.5) * Math.exp(load);
  });
  return traceOf('a load that comes and goes', [{ name: 'Items', durations }]);
}

/** Files in the order of their folders: those of one folder are alike. */
function byFolder(seed: number): Trace {
  const random = randomOf(seed);
  const durations: number[] = [];
  while (durations.length < 3_000) {
    const mean = 100 * logNormal(random, 1.2);
    durations.push(...times(Math.round(scaleBetween(random, 3, 200)), () => mean * logNormal(random, 0.7)));
  }
  return traceOf('files by folder', [{ name: 'Pack', durations }]);
}

/** Nothing but whole percents. */
function percentOnly(seed: number): Trace {
  const random = randomOf(seed);
  const durations = times(1_000, () => 1_000 * logNormal(random, 1));
  return traceOf('whole percents only', [{ name: 'Work', durations, tellsItems: false, tellsPercent: true }]);
}

/** A minute or so of preparation in which no item is done. */
function slowStart(seed: number): Trace {
  const random = randomOf(seed);
  const durations = times(800, () => 1_000 * logNormal(random, 0.5));
  return traceOf('a slow start', [{ name: 'Items', durations, setupMs: between(random, 20_000, 120_000) }]);
}

/** Each item takes a little longer than the one before, up to four times: an index that grows. */
function slowing(seed: number): Trace {
  const random = randomOf(seed);
  const more = between(random, 1, 3);
  const durations = times(1_000, (index) => 1_000 * logNormal(random, 0.5) * (1 + (more * index) / 1_000));
  return traceOf('a pace that slows', [{ name: 'Index', durations }]);
}

/** One item that takes minutes: a time-out, a lock, a server that restarts. */
function stalled(seed: number): Trace {
  const random = randomOf(seed);
  const durations = times(1_000, () => 1_500 * logNormal(random, 0.5));
  durations[Math.floor(1_000 * between(random, 0.05, 0.8))] = between(random, 2, 15) * MINUTE_MS;
  return traceOf('one stall of minutes', [{ name: 'Items', durations }], { heartbeatMs: 15_000 });
}

/** Four phases, each with a pace of its own, over two orders of magnitude. */
function phased(isWeighted: boolean) {
  return (seed: number): Trace => {
    const random = randomOf(seed);
    const plans = times(4, (index) => {
      const meanMs = scaleBetween(random, 300, 30_000);
      const durations = times(
        Math.round(scaleBetween(random, 100, 1_000)),
        () => meanMs * logNormal(random, 0.5),
      );
      // A guess from earlier runs: half a time too much or too little now and then.
      const weight = sumOf(durations) * logNormal(random, 0.3);
      return { name: `Phase ${index + 1}`, durations, ...(isWeighted ? { weight } : {}) };
    });
    return traceOf(isWeighted ? 'four phases with weights' : 'four phases', plans);
  };
}

/** A kind of run, and how it is judged. */
export interface Scenario {
  readonly name: string;
  readonly trace: (seed: number) => Trace;
  /** Whether the goals hold for it; others are reported beside. */
  readonly hasGoal: boolean;
  /** The ETA of the whole instead of each phase's own. */
  readonly isOverall?: boolean;
  /** σ of the items' durations where they are log-normal, for the estimator that knows it. */
  readonly sigma?: number;
}

/** All kinds of runs. */
export const SCENARIOS: readonly Scenario[] = Object.freeze([
  ...[0.5, 1, 1.5].map((sigma) => ({
    name: `log-normal σ ${sigma}, 500 items`,
    trace: logNormalItems(sigma, 500),
    hasGoal: true,
    sigma,
  })),
  ...[0.5, 1, 1.5].map((sigma) => ({
    name: `log-normal σ ${sigma}, 40 items`,
    trace: logNormalItems(sigma, 40),
    hasGoal: false,
    sigma,
  })),
  { name: '60 items of 5 min', trace: equalItems(), hasGoal: true },
  { name: '60 items of 5 min, heartbeats', trace: equalItems({ heartbeatMs: 30_000 }), hasGoal: true },
  {
    name: 'σ 1, heartbeats',
    trace: logNormalItems(1, 500, { heartbeatMs: 15_000 }),
    hasGoal: true,
    sigma: 1,
  },
  { name: 'a night without a word', trace: paused(false), hasGoal: true },
  { name: 'a pause that is told', trace: paused(true), hasGoal: true },
  { name: 'time by bytes', trace: bySize, hasGoal: true },
  { name: 'whole percents only', trace: percentOnly, hasGoal: true },
  { name: 'a load that comes and goes', trace: shared, hasGoal: false },
  { name: 'files by folder', trace: byFolder, hasGoal: false },
  { name: 'a slow start', trace: slowStart, hasGoal: false },
  { name: 'a pace that changes threefold', trace: changing, hasGoal: false },
  { name: 'a pace that slows', trace: slowing, hasGoal: false },
  { name: 'one stall of minutes', trace: stalled, hasGoal: true },
  { name: 'a scan beside the work', trace: scanned, hasGoal: false },
  { name: 'a crawl', trace: crawled, hasGoal: false },
  { name: 'four phases', trace: phased(false), hasGoal: true },
  { name: 'four phases with weights, whole', trace: phased(true), hasGoal: false, isOverall: true },
]);
