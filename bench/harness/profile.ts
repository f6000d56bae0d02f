/** Profiles this process with V8's sampling profiler, summed by function. */
import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

/** The share of a function's own samples. */
export interface ProfileLine {
  /** 0 to 100. */
  readonly percent: number;
  readonly place: string;
}

const MOST_LINES = 60;

/** A readable location: function, file within its package or folder, line. */
function placeOf({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  const file = url.replace(/^.*\/node_modules\//, '').replace(/^file:.*?\/(server|schema|bench)\//, '$1/');
  return `${functionName === '' ? '(anonymous)' : functionName} ${file === '' ? '' : `${file}:${lineNumber + 1}`}`;
}

function linesOf({ nodes, samples = [] }: Profiler.Profile): ProfileLine[] {
  const places = new Map(nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  const counts = new Map<string, number>();
  let busy = 0;
  for (const id of samples) {
    const place = places.get(id) ?? '?';
    if (place.startsWith('(idle)')) continue;
    busy += 1;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts]
    .map(([place, count]) => ({ place, percent: (100 * count) / busy }))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, MOST_LINES);
}

/** Starts sampling; the returned function ends it. */
export async function startProfile(): Promise<() => Promise<readonly ProfileLine[]>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  return async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return linesOf(profile);
  };
}
