/** Collects what a real run says and writes it as a trace, at most two points a second like the server's window. */
import { spawn } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Trace, TracePhase, TracePoint } from '../trace.js';

/** The server publishes no more often than this, in ms. */
const WINDOW_MS = 500;

/** What a run says at one moment; what it does not know is left out. */
export interface Said {
  readonly percent?: number;
  readonly itemsDone?: number;
  readonly itemsTotal?: number;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
}

/** Takes what a run says, and writes the trace. */
export interface Recorder {
  startPhase(name: string, weight?: number): void;
  say(said: Said): void;
  save(name: string): void;
}

/** Starts the clock. */
export function createRecorder(source: string): Recorder {
  const startedAt = performance.now();
  const phases: { -readonly [Key in keyof TracePhase]: TracePhase[Key] }[] = [];
  const points: TracePoint[] = [];
  let window = -Infinity;
  let previous = '';
  const now = () => Math.round(performance.now() - startedAt);
  return {
    startPhase(name, weight) {
      phases.push({
        name,
        startedAtMs: now(),
        firstPoint: points.length,
        weight: weight ?? null,
        itemsTotal: null,
        bytesTotal: null,
      });
      window = -Infinity;
      previous = '';
    },
    say({ percent, itemsDone, itemsTotal, bytesDone, bytesTotal }) {
      const at = now();
      const values = [percent, itemsDone, itemsTotal, bytesDone, bytesTotal].map((value) =>
        value === undefined ? null : Number(value.toFixed(3)),
      ) as [number | null, number | null, number | null, number | null, number | null];
      const text = values.join();
      const point: TracePoint = text === previous ? [at, ...values, 1] : [at, ...values];
      // The newest of a window is kept, as the server does: it replaces the one before it.
      if (at - window < WINDOW_MS) points.pop();
      else window = at;
      points.push(point);
      previous = text;
      const phase = phases.at(-1);
      if (phase !== undefined) [, , , phase.itemsTotal, , phase.bytesTotal] = point;
    },
    save(name) {
      const trace: Trace = { source, phases, points, endedAtMs: now() };
      const { points: _points, ...head } = trace;
      const lines = points.map((point) => `    ${JSON.stringify(point).replaceAll(',', ', ')}`).join(',\n');
      const text = `${JSON.stringify({ ...head, points: [] }, null, 2).replace('"points": []', `"points": [\n${lines}\n  ]`)}\n`;
      writeFileSync(new URL(`../${name}.json`, import.meta.url), text);
      console.error(`${name}: ${points.length} points, ${(text.length / 1000).toFixed(1)} kB`);
    },
  };
}

/** Runs a program and hands over each line of both its outputs; rejects if it fails. */
export async function run(
  command: string,
  args: readonly string[],
  onLine: (line: string) => void,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
}

/** First line that a program says of its version. */
export async function versionOf(command: string, ...args: readonly string[]): Promise<string> {
  let first = '';
  await run(command, args, (line) => (first ||= line));
  return first;
}

/** Files under a folder, up to so many bytes in all. */
export function filesUnder(folder: string, mostBytes = Infinity): { path: string; bytes: number }[] {
  const files: { path: string; bytes: number }[] = [];
  let sum = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = statSync(path).size;
    if (sum + bytes > mostBytes) continue;
    sum += bytes;
    files.push({ path, bytes });
  }
  return files;
}
