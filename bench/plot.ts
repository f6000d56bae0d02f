/** Draws bars with their spread as an SVG for light and dark color schemes. Pure. */
import type { Spread } from './harness/statistics.js';
import { format } from './result.js';

/** Bars with the same scale. */
export interface Group {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly spread: Spread | undefined }[];
}

const WIDTH = 760;
const LABEL = 150;
const VALUE = 60;
const ROW = 22;
const TITLE = 34;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function drawGroup({ title, bars }: Group, top: number): string {
  const most = Math.max(...bars.map(({ spread }) => spread?.max ?? 0));
  const scale = (WIDTH - LABEL - VALUE) / most;
  const rows = bars.map(({ label, spread }, index) => {
    const y = top + TITLE + index * ROW;
    const { median = 0, min = 0, max = 0 } = spread ?? {};
    const middle = y + 8;
    return [
      `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end">${escape(label)}</text>`,
      `<rect class="${index === 0 ? 'ours' : 'peer'}" x="${LABEL}" y="${y}" width="${(median * scale).toFixed(1)}" height="16" rx="2"/>`,
      `<path class="spread" d="M${(LABEL + min * scale).toFixed(1)} ${middle}H${(LABEL + max * scale).toFixed(1)}"/>`,
      `<text x="${(LABEL + max * scale + 6).toFixed(1)}" y="${y + 12}">${format(median)}</text>`,
    ].join('');
  });
  return `<text class="title" x="0" y="${top + 22}">${escape(title)}</text>${rows.join('')}`;
}

/** Draws all groups, one below the other. */
export function drawBars(groups: readonly Group[]): string {
  let top = 0;
  const parts: string[] = [];
  for (const group of groups) {
    parts.push(drawGroup(group, top));
    top += TITLE + group.bars.length * ROW + 8;
  }
  const style = [
    'text{font:13px system-ui,sans-serif;fill:#222}',
    '.title{font-weight:600}',
    '.ours{fill:#2563eb}',
    '.peer{fill:#a3a9b5}',
    '.spread{stroke:#222;stroke-width:1.5}',
    '@media (prefers-color-scheme:dark){text{fill:#ddd}.spread{stroke:#ddd}.ours{fill:#6ea0ff}.peer{fill:#5b6270}}',
  ].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img"><title>CPU per message and memory per watcher</title><style>${style}</style>${parts.join('')}</svg>\n`;
}
