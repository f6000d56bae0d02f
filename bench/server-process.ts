/** The process of a subject's server: starts it, emits its events, and measures its cost. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerCalls } from './harness/child.js';
import { startProfile, type ProfileLine } from './harness/profile.js';
import { pause, sharedNow } from './harness/time.js';
import { createPeer } from './peers/create-peer.js';
import type { Counters, Subject } from './peers/peer.js';
import { projectIds } from './workload.js';

/** One event that was emitted. */
export interface Emission {
  readonly projectId: string;
  /** Rises within a project, by one unless a stride was given. */
  readonly sequence: number;
  /** Shared clock, ms. */
  readonly at: number;
}

/** The events to emit. */
export interface EmitLoad {
  /** Per project. */
  readonly events: number;
  /** The time between two events of a project, in milliseconds. */
  readonly intervalMs: number;
  /** By how much the sequence rises per event. @default 1 */
  readonly stride?: number;
}

/** The usage since the start of the process, unless stated otherwise. */
export interface Usage extends Counters {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Event-loop delay since the last reset. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

/** Calls of this process. */
export interface ServerCalls {
  /**
   * Starts the server with projects, each with a running ingestion at `firstSequence`. Resolves to the watchers'
   * address.
   */
  start(setting: {
    readonly projects: number;
    readonly port: number;
    readonly firstSequence: number;
  }): Promise<string>;
  /** Emits events for each project, with the projects spread over the interval. */
  emit(load: EmitLoad): Promise<readonly Emission[]>;
  usage(): Usage;
  resetDelay(): void;
  /** Starts sampling; the next call ends it and returns the profile. */
  profile(): Promise<readonly ProfileLine[]>;
  /** Collects garbage, so that only memory in use is measured. */
  collect(): void;
}

const subject = process.argv[2] as Subject;
const peer = await createPeer(subject);
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let ids: readonly string[] = [];
let endProfile: (() => Promise<readonly ProfileLine[]>) | null = null;
const sequences = new Map<string, number>();

async function emitProject(
  id: string,
  offsetMs: number,
  load: EmitLoad,
  emissions: Emission[],
): Promise<void> {
  await pause(offsetMs);
  for (let event = 0; event < load.events; event += 1) {
    const at = sharedNow();
    const sequence = (sequences.get(id) ?? 0) + (load.stride ?? 1);
    sequences.set(id, sequence);
    emissions.push({ projectId: id, sequence, at });
    peer.emit(id, sequence);
    await pause(load.intervalMs);
  }
}

answerCalls<ServerCalls>({
  start: async ({ projects, port, firstSequence }) => {
    ids = projectIds(projects);
    for (const id of ids) sequences.set(id, firstSequence);
    const url = await peer.start(port);
    await peer.prepare(ids, firstSequence);
    return url;
  },
  emit: async (load) => {
    const emissions: Emission[] = [];
    await Promise.all(
      ids.map((id, index) => emitProject(id, (index * load.intervalMs) / ids.length, load, emissions)),
    );
    return emissions;
  },
  usage: () => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      cpuMs: (user + system) / 1000,
      rssBytes: rss,
      heapBytes: heapUsed,
      delayP99Ms: delay.percentile(99) / 1e6,
      delayMaxMs: delay.max / 1e6,
      ...peer.counters(),
    };
  },
  resetDelay: () => delay.reset(),
  profile: async () => {
    const end = endProfile;
    endProfile = end === null ? await startProfile() : null;
    return end === null ? [] : end();
  },
  collect: () => {
    globalThis.gc?.();
    globalThis.gc?.();
  },
});
