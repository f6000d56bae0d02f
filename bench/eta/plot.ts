/** Draws what was shown against what was true, one panel a run, as an SVG that reads in light and dark. */
import { judgeTrace, type Estimator } from '../../tests/traces/judge.js';
import { createOurEstimator } from '../../tests/traces/our-estimator.js';
import { SCENARIOS } from '../../tests/traces/synthetic.js';
import { recordedTraces, type Trace } from '../../tests/traces/trace.js';
import { createPlainMean, createTqdm, createUppy } from './estimators.js';

const PANEL = { width: 240, height: 150, gap: 12, title: 20 };
const COLUMNS = 3;
/** What is shown above so many times the longest true time is drawn at the edge. */
const MOST = 2;
const SEED = 101;
const KINDS = [
  'log-normal σ 1, 500 items',
  'log-normal σ 1.5, 500 items',
  'a night without a word',
  'time by bytes',
];
const RECORDED = ['restic', 'tqdm'];
const SUBJECTS: Readonly<Record<string, () => Estimator>> = {
  uppy: createUppy,
  tqdm: createTqdm,
  plain: createPlainMean,
  ours: createOurEstimator,
};
const LEGEND = { true: 'true', ours: 'ingestion-progress', plain: 'plain mean', tqdm: 'tqdm', uppy: 'Uppy' };

function path(name: string, points: readonly (readonly [number, number | null])[]): string {
  let isDown = false;
  const steps = points.map(([x, y]) => {
    if (y === null) {
      isDown = false;
      return '';
    }
    const step = `${isDown ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDown = true;
    return step;
  });
  return `<path class="${name}" d="${steps.join('')}"/>`;
}

function panel(title: string, trace: Trace, index: number): string {
  const left = (index % COLUMNS) * (PANEL.width + PANEL.gap);
  const top = Math.floor(index / COLUMNS) * (PANEL.height + PANEL.title + PANEL.gap);
  const lineOf = (create: () => Estimator) => judgeTrace(trace, create)[0]?.line ?? [];
  const truth = lineOf(createPlainMean);
  const mostMs = MOST * Math.max(...truth.map(({ trueMs }) => trueMs));
  // By the moments, so that a night takes no room.
  const x = (moment: number) => left + (PANEL.width * moment) / truth.length;
  const y = (ms: number) => top + PANEL.title + PANEL.height * (1 - Math.min(1, ms / mostMs));
  const lines = Object.entries(SUBJECTS).map(([name, create]) =>
    path(
      name,
      lineOf(create).map(({ shownMs }, moment) => [x(moment), shownMs === null ? null : y(shownMs)]),
    ),
  );
  return [
    `<text x="${left}" y="${top + 14}">${title}</text>`,
    `<rect x="${left}" y="${top + PANEL.title}" width="${PANEL.width}" height="${PANEL.height}"/>`,
    ...lines,
    path(
      'true',
      truth.map(({ trueMs }, moment) => [x(moment), y(trueMs)]),
    ),
  ].join('');
}

/** All panels with a legend. */
export function drawEta(): string {
  const recorded = recordedTraces();
  const runs: [string, Trace | undefined][] = [
    ...KINDS.map((name): [string, Trace | undefined] => [
      name,
      SCENARIOS.find((kind) => kind.name === name)?.trace(SEED),
    ]),
    ...RECORDED.map((name): [string, Trace | undefined] => [`recorded: ${name}`, recorded.get(name)]),
  ];
  const panels = runs.map(([title, trace], index) => (trace === undefined ? '' : panel(title, trace, index)));
  const width = COLUMNS * (PANEL.width + PANEL.gap) - PANEL.gap;
  const bottom = Math.ceil(runs.length / COLUMNS) * (PANEL.height + PANEL.title + PANEL.gap);
  const legend = Object.entries(LEGEND).map(
    ([name, text], index) =>
      `<path class="${name}" d="M${index * 148} ${bottom + 12}h22"/><text x="${index * 148 + 28}" y="${bottom + 16}">${text}</text>`,
  );
  const style = [
    'text{font:13px system-ui,sans-serif;fill:#222}',
    'rect{fill:none;stroke:#a3a9b5}',
    'path{fill:none;stroke-width:1.2}',
    '.true{stroke:#222;stroke-dasharray:4 3}',
    '.ours{stroke:#2563eb;stroke-width:2}',
    '.plain{stroke:#16a34a}',
    '.tqdm{stroke:#d97706}',
    '.uppy{stroke:#db2777;stroke-width:.7}',
    '@media (prefers-color-scheme:dark){text{fill:#ddd}.true{stroke:#ddd}.ours{stroke:#6ea0ff}}',
  ].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 24}" role="img"><title>Time left as shown, against what was true</title><style>${style}</style>${panels.join('')}${legend.join('')}</svg>\n`;
}
