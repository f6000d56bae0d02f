/**
 * Writes `docs/performance.md` and its plot from the newest result of each bench, which `--json bench/results/NAME.json`
 * wrote: `tsx bench/document.ts`.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { drawEta } from './eta/plot.js';
import { drawBars, type Group } from './plot.js';
import { describe, format, type BenchResult } from './result.js';

/** The title of each bench, in the order of the document. */
const TITLES: Readonly<Record<string, string>> = Object.freeze({
  fanout: 'One event to many watchers',
  emit: 'A job that reports each item',
  memory: 'An idle watcher',
  poll: 'Polling',
  storm: 'A server that restarts',
  load: 'Many ingestions at once',
  hostile: 'Harmful watchers',
  widget: 'The element',
  scroll: 'A scrolling page of elements',
  eta: 'Time left, shown and true',
});

const PLOT = 'performance.svg';
const ETA_PLOT = 'eta.svg';
const DOCS = new URL('../docs/', import.meta.url);
const RESULTS = new URL('results/', import.meta.url);

function readAll(): BenchResult[] {
  const files = readdirSync(RESULTS).filter((file) => file.endsWith('.json'));
  return files.map((file) => JSON.parse(readFileSync(new URL(file, RESULTS), 'utf8')) as BenchResult);
}

function verdicts(results: readonly BenchResult[]): string[] {
  const lines = ['| bench | setting | goal | limit | measured | |', '|---|---|---|---:|---:|---|'];
  for (const { bench, goals } of results) {
    for (const goal of goals) {
      lines.push(
        `| \`${bench}\` | ${goal.setting} | ${goal.goal} | ${goal.sense} ${format(goal.bound)} | ${format(goal.measured)} | ${goal.reached ? 'reached' : '**missed**'} |`,
      );
    }
  }
  return lines;
}

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

function machineOf({ machine, versions, at, quick }: BenchResult): string[] {
  return [
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    `- measured on ${dayOf(at)}${quick ? ', with `--quick`' : ''}`,
  ];
}

/** The figures of the plot: CPU per message by setting, memory per watcher. */
function groupsOf(results: readonly BenchResult[]): Group[] {
  const groups: Group[] = [];
  for (const { bench, rows } of results) {
    const figure = bench === 'fanout' ? 'cpu' : bench === 'memory' ? 'rss' : null;
    if (figure === null) continue;
    const title = bench === 'fanout' ? 'µs of server CPU per message' : 'kB of memory per watcher';
    for (const setting of new Set(rows.map((row) => row.setting))) {
      const bars = rows
        .filter((row) => row.setting === setting)
        .map((row) => ({ label: row.subject, spread: row.figures[figure] }));
      groups.push({ title: `${title}: ${setting}`, bars });
    }
  }
  return groups;
}

function write(): void {
  const order = Object.keys(TITLES);
  const results = readAll().sort((a, b) => order.indexOf(a.bench) - order.indexOf(b.bench));
  const newest = results.reduce<BenchResult | null>(
    (best, result) => (best === null || result.at > best.at ? result : best),
    null,
  );
  if (newest === null) throw new Error('There is no result in bench/results.');
  const lines = [
    '# Performance',
    '',
    'Generated from benches: `npm run bench -- NAME --json bench/results/NAME.json`, then `npx tsx bench/document.ts`. Load and server run in separate processes on one machine, over loopback. Each bench runs its peers in the same run, in turns, and compares them turn by turn. Figures are medians, with minimum and maximum in brackets. The peers are in `bench/peers`, written as their documentation recommends. Absolute figures depend on the machine; compare the ratios.',
    '',
    ...machineOf(newest),
    '',
    `![CPU per message and memory per watcher, compared with the peers](${PLOT})`,
    '',
    '## Goals',
    '',
    ...verdicts(results),
  ];
  for (const result of results) {
    const { goals: _goals, ...rest } = result;
    lines.push('', `## ${TITLES[result.bench] ?? result.bench} (\`${result.bench}\`)`, '');
    if (dayOf(result.at) !== dayOf(newest.at)) lines.push(`Measured on ${dayOf(result.at)}.`, '');
    if (result.quick) lines.push('With `--quick`: one size, few repetitions.', '');
    if (result.bench === 'eta') lines.push(`![Time left as shown, against what was true](${ETA_PLOT})`, '');
    lines.push(describe({ ...rest, goals: [] }));
  }
  writeFileSync(new URL('performance.md', DOCS), `${lines.join('\n')}\n`);
  writeFileSync(new URL(PLOT, DOCS), drawBars(groupsOf(results)));
  writeFileSync(new URL(ETA_PLOT, DOCS), drawEta());
}

write();
