/** What a bench hands over: figures of each subject, goals with verdicts, and the machine; written as JSON, told as text. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { ProfileLine } from './harness/profile.js';
import type { Spread } from './harness/statistics.js';

/** One row: a subject (we or a peer) in one setting. */
export interface Row {
  /** Such as '1,000 watchers on 10 projects'. */
  readonly setting: string;
  readonly subject: string;
  readonly figures: Readonly<Record<string, Spread>>;
}

/** One thing to reach, and whether it was. */
export interface Goal {
  readonly setting: string;
  readonly goal: string;
  /** What was measured, in the goal's unit. */
  readonly measured: number;
  /** The bound in the same unit. */
  readonly bound: number;
  readonly sense: 'at most' | 'at least';
  readonly reached: boolean;
}

/** Where our server's time goes in a setting. */
export interface Profile {
  readonly setting: string;
  readonly lines: readonly ProfileLine[];
}

/** Everything that a run found. */
export interface BenchResult {
  readonly bench: string;
  readonly quick: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  /** Unit of each figure, by its name. */
  readonly units: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  readonly profiles?: readonly Profile[];
  /** What a reader must know beside the figures. */
  readonly notes: readonly string[];
}

/** What a scenario finds; the rest is added here. */
export type Findings = Pick<BenchResult, 'units' | 'rows' | 'goals' | 'profiles' | 'notes'>;

/** Lines of a profile that are shown. */
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
export function judge(goal: Omit<Goal, 'reached'>): Goal {
  const reached = goal.sense === 'at most' ? goal.measured <= goal.bound : goal.measured >= goal.bound;
  return { ...goal, reached };
}

/** Findings with time, machine and versions. */
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

/** Four significant digits at most, thousands apart. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function tell(spread: Spread | undefined): string {
  if (spread === undefined) return '–';
  const median = format(spread.median);
  return spread.repetitions < 2 ? median : `${median} (${format(spread.min)}–${format(spread.max)})`;
}

/** Tables of a result in Markdown, one for each setting; also what a terminal shows. */
export function describe(result: BenchResult): string {
  const lines: string[] = [];
  const names = Object.keys(result.units);
  for (const setting of new Set(result.rows.map((row) => row.setting))) {
    lines.push(`**${setting}**`, '');
    lines.push(`| subject | ${names.map((name) => `${name}, ${result.units[name] ?? ''}`).join(' | ')} |`);
    lines.push(`|---|${names.map(() => '---:|').join('')}`);
    for (const row of result.rows) {
      if (row.setting !== setting) continue;
      lines.push(`| ${row.subject} | ${names.map((name) => tell(row.figures[name])).join(' | ')} |`);
    }
    lines.push('');
  }
  if (result.goals.length > 0) {
    lines.push('| setting | goal | bound | measured | |', '|---|---|---:|---:|---|');
    for (const goal of result.goals) {
      const verdict = goal.reached ? 'reached' : '**missed**';
      lines.push(
        `| ${goal.setting} | ${goal.goal} | ${goal.sense} ${format(goal.bound)} | ${format(goal.measured)} | ${verdict} |`,
      );
    }
    lines.push('');
  }
  for (const { setting, lines: places } of result.profiles ?? []) {
    lines.push(`Where our server's time goes, ${setting}:`, '', '| % | |', '|---:|---|');
    for (const { percent, place } of places.slice(0, PROFILE_LINES))
      lines.push(`| ${format(percent)} | ${place} |`);
    lines.push('');
  }
  for (const note of result.notes) lines.push(`- ${note}`);
  return lines.join('\n');
}

/** Writes a result where `--json` says. */
export function write(file: string, result: BenchResult): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}
