/** The process of many watchers that reconnect by themselves; records when each was up to date again. */
import { answerCalls } from './harness/child.js';
import { pause, sharedNow } from './harness/time.js';
import { WATCHES, type StormSubject } from './watchers/reconnecting.js';
import { projectIds, token } from './workload.js';

/** The calls of this process. */
export interface StormCalls {
  /** Opens watchers in batches. */
  open(setting: {
    readonly subject: StormSubject;
    readonly url: string;
    readonly projects: number;
    readonly count: number;
  }): Promise<void>;
  /** How many received a state of this sequence or later, and when the last of them first did (shared clock, ms). */
  upToDate(sequence: number): { readonly watchers: number; readonly lastAt: number };
  /** From now on, records when each watcher first receives this sequence or a later one. */
  await(sequence: number): void;
}

interface Watcher {
  sequence: number;
  upToDateAt: number | null;
}

const BATCH = 100;
const watchers: Watcher[] = [];
let awaited = 0;

answerCalls<StormCalls>({
  open: async ({ subject, url, projects, count }) => {
    const ids = projectIds(projects);
    for (let index = 0; index < count; index += 1) {
      const watcher: Watcher = { sequence: -1, upToDateAt: null };
      watchers.push(watcher);
      WATCHES[subject](url, ids[index % ids.length] ?? '', token(`viewer-${index}`), (sequence) => {
        watcher.sequence = Math.max(watcher.sequence, sequence);
        if (watcher.sequence >= awaited) watcher.upToDateAt ??= sharedNow();
      });
      if (index % BATCH === BATCH - 1) await pause(50);
    }
  },
  upToDate: (sequence) => {
    const matching = watchers.filter((watcher) => watcher.sequence >= sequence);
    return {
      watchers: matching.length,
      lastAt: Math.max(...matching.map(({ upToDateAt }) => upToDateAt ?? 0)),
    };
  },
  await: (sequence) => {
    awaited = sequence;
    for (const watcher of watchers) watcher.upToDateAt = null;
  },
});
