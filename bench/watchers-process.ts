/** The process of the load generator: a fleet of watchers, and whether they received everything correctly. */
import { answerCalls } from './harness/child.js';
import { quantile } from './harness/statistics.js';
import type { Reports } from './job-process.js';
import type { Protocol } from './peers/peer.js';
import type { Emission } from './server-process.js';
import { createFleet, type Fleet } from './watchers/fleet.js';
import { eventIn } from './watchers/protocols.js';
import { informationOf, projectIds, token } from './workload.js';

/** What the fleet received of a list of emissions. */
export interface Receipt {
  readonly delivered: number;
  readonly expected: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytesPerMessage: number;
  readonly backward: number;
  /** The distinct last states by project; more than one if watchers of a project differ. */
  readonly information: Readonly<Record<string, readonly string[]>>;
}

/** Calls of this process. */
export interface WatcherCalls {
  open(setting: {
    readonly protocol: Protocol;
    readonly url: string;
    readonly projects: number;
    readonly count: number;
    /** Watch only this project. */
    readonly only?: string;
  }): Promise<void>;
  /** Stops reading from all sockets. */
  stopReading(): void;
  /** How many messages this fleet should receive for these emissions. */
  expected(emissions: readonly Emission[]): number;
  reset(): void;
  received(): number;
  closed(): number;
  summary(emissions: readonly Emission[]): Receipt;
  /** Watchers whose last state is an ending. */
  ended(): number;
  /** The delay between each report, including merged ones, and its receipt by each watcher. */
  delays(reports: Reports): Delays;
  close(): void;
}

/** Over all watchers and updates. */
export interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly backward: number;
}

let fleet: Fleet | null = null;
let protocol: Protocol = 'raw';

function opened(): Fleet {
  if (fleet === null) throw new Error('No fleet was opened.');
  return fleet;
}

/** Watchers of each project. */
function audience(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { projectId } of opened().watchers) counts.set(projectId, (counts.get(projectId) ?? 0) + 1);
  return counts;
}

function expected(emissions: readonly Emission[]): number {
  const counts = audience();
  return emissions.reduce((sum, { projectId }) => sum + (counts.get(projectId) ?? 0), 0);
}

function summary(emissions: readonly Emission[]): Receipt {
  const { watchers, receipts } = opened();
  const emittedAt = new Map(emissions.map(({ projectId, sequence, at }) => [`${projectId} ${sequence}`, at]));
  const latencies: number[] = [];
  receipts.sequences.forEach((sequence, index) => {
    const at = emittedAt.get(`${receipts.projects[index] ?? ''} ${sequence}`);
    if (at !== undefined) latencies.push((receipts.times[index] ?? Number.NaN) - at);
  });
  latencies.sort((a, b) => a - b);
  const information: Record<string, string[]> = {};
  for (const { projectId, last } of watchers) {
    const state = last === null ? 'nothing' : informationOf(eventIn(protocol, last.toString()));
    const known = (information[projectId] ??= []);
    if (!known.includes(state)) known.push(state);
  }
  return {
    delivered: latencies.length,
    expected: expected(emissions),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    bytesPerMessage: receipts.bytes / Math.max(1, receipts.times.length),
    backward: watchers.reduce((sum, watcher) => sum + watcher.backward, 0),
    information,
  };
}

function delaysOf(reports: Reports): Delays {
  const { watchers, receipts } = opened();
  const delays: number[] = [];
  receipts.sequences.forEach((sequence, index) => {
    const times = reports[receipts.projects[index] ?? ''] ?? [];
    // Sequences start at 1; a watcher without a state is at 0 or less.
    for (let seen = Math.max(0, receipts.previous[index] ?? 0); seen < sequence; seen += 1) {
      delays.push((receipts.times[index] ?? Number.NaN) - (times[seen] ?? Number.NaN));
    }
  });
  const sorted = Float64Array.from(delays).sort();
  return {
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    backward: watchers.reduce((sum, watcher) => sum + watcher.backward, 0),
  };
}

answerCalls<WatcherCalls>({
  open: async (setting) => {
    protocol = setting.protocol;
    fleet ??= createFleet({
      ...setting,
      projectIds: setting.only === undefined ? projectIds(setting.projects) : [setting.only],
      tokenOf: (index) => token(`viewer-${index}`),
    });
    await fleet.open(setting.count);
  },
  reset: () => opened().reset(),
  received: () => opened().receipts.times.length,
  closed: () => opened().closed(),
  stopReading: () => opened().watchers.forEach(({ socket }) => socket.pause()),
  expected,
  summary,
  delays: delaysOf,
  ended: () => opened().watchers.filter(({ last }) => last?.includes('"status":"COMPLETED"')).length,
  close: () => opened().close(),
});
