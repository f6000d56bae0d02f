/** The result of a bench: the figures of each subject, goals with verdicts, and the machine; written as JSON and as text. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { ProfileLine } from './harness/profile.js';
import type { Spread } from './harness/statistics.js';

/** One row: a subject (ours or a peer) in one setting. */
export interface Row {
  /** For example '1,000 watchers on 10 projects'. */
  readonly setting: string;
  readonly subject: string;
  readonly figures: Readonly<Record<string, Spread>>;
}

/** A goal, and whether it was reached. */
export interface Goal {
  readonly setting: string;
  readonly goal: string;
  /** The measured value, in the unit of the goal. */
  readonly measured: number;
  /** The limit, in the same unit. */
  readonly bound: number;
  readonly sense: 'at most' | 'at least';
  readonly reached: boolean;
}

/** A CPU profile of our server in a setting. */
export interface Profile {
  readonly setting: string;
  readonly lines: readonly ProfileLine[];
}

/** All results of a run. */
export interface BenchResult {
  readonly bench: string;
  readonly quick: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  /** The unit of each figure, by its name. */
  readonly units: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  readonly profiles?: readonly Profile[];
  /** What a reader must know besides the figures. */
  readonly notes: readonly string[];
}

/** The findings of a scenario; the rest is added here. */
export type Findings = Pick<BenchResult, 'units' | 'rows' | 'goals' | 'profiles' | 'notes'>;

/** The lines of a profile that are shown. */
const PROFILE_LINES = 15;

const PACKAGES = [
  'graphql',
  'graphql-ws',
  'graphql-yoga',
  'ws',
  'socket.io',
  'bullmq',
  'zod',
  '@awesome.me/webawesome',
] as const;

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : '?';
}

/** A goal with its verdict. */
export function withVerdict(goal: Omit<Goal, 'reached'>): Goal {
  const reached = goal.sense === 'at most' ? goal.measured <= goal.bound : goal.measured >= goal.bound;
  return { ...goal, reached };
}

/** Adds time, machine and versions to the findings. */
export function complete(bench: string, quick: boolean, findings: Findings): BenchResult {
  return {
    bench,
    quick,
    at: Date.now(),
    machine: {
      cores: `${cpus().length} of ${cpus()[0]?.model ?? 'unknown'}`,
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      system: `${process.platform} ${release()}`,
      node: process.version,
    },
    versions: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    ...findings,
  };
}

/** At most four significant digits, with thousands separators. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function formatSpread(spread: Spread | undefined): string {
  if (spread === undefined) return '–';
  const median = format(spread.median);
  return spread.repetitions < 2 ? median : `${median} (${format(spread.min)}–${format(spread.max)})`;
}

/** The tables of a result in Markdown, one per setting; also printed to the terminal. */
export function describe(result: BenchResult): string {
  const lines: string[] = [];
  const names = Object.keys(result.units);
  for (const setting of new Set(result.rows.map((row) => row.setting))) {
    lines.push(`**${setting}**`, '');
    lines.push(`| subject | ${names.map((name) => `${name}, ${result.units[name] ?? ''}`).join(' | ')} |`);
    lines.push(`|---|${names.map(() => '---:|').join('')}`);
    for (const row of result.rows) {
      if (row.setting !== setting) continue;
      lines.push(`| ${row.subject} | ${names.map((name) => formatSpread(row.figures[name])).join(' | ')} |`);
    }
    lines.push('');
  }
  if (result.goals.length > 0) {
    lines.push('| setting | goal | limit | measured | |', '|---|---|---:|---:|---|');
    for (const goal of result.goals) {
      const verdict = goal.reached ? 'reached' : '**missed**';
      lines.push(
        `| ${goal.setting} | ${goal.goal} | ${goal.sense} ${format(goal.bound)} | ${format(goal.measured)} | ${verdict} |`,
      );
    }
    lines.push('');
  }
  for (const { setting, lines: places } of result.profiles ?? []) {
    lines.push(`CPU profile of our server, ${setting}:`, '', '| % | |', '|---:|---|');
    for (const { percent, place } of places.slice(0, PROFILE_LINES))
      lines.push(`| ${format(percent)} | ${place} |`);
    lines.push('');
  }
  for (const note of result.notes) lines.push(`- ${note}`);
  return lines.join('\n');
}

/** Writes a result to the file of `--json`. */
export function write(file: string, result: BenchResult): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}
