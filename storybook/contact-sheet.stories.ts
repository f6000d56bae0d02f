/** Every state at a glance, in light and dark, wide and narrow, both directions, on one page. */
import { stateElement } from './state-story.js';
import { titleOf, type ConnectionName, type JobName } from './state-table.js';

export default { title: 'Contact sheet', tags: ['!autodocs'] };

type Cell = readonly [job: JobName, connection: ConnectionName];

const JOBS: readonly Cell[] = [
  ['unknown', 'connecting'],
  ['none', 'connected'],
  ['waiting', 'connected'],
  ['running', 'connected'],
  ['unknownPercent', 'connected'],
  ['skipped', 'connected'],
  ['stalled', 'connected'],
  ['cancelling', 'connected'],
  ['completed', 'connected'],
  ['partial', 'connected'],
  ['failedRetryable', 'connected'],
  ['failedPermanently', 'connected'],
  ['cancelled', 'connected'],
];

const SHAPES: readonly Cell[] = [
  ['onePhase', 'connected'],
  ['twelvePhases', 'connected'],
  ['overlapping', 'connected'],
  ['paused', 'connected'],
  ['retrying', 'connected'],
  ['problems', 'connected'],
];

const CONNECTIONS: readonly Cell[] = [
  ['running', 'reconnecting'],
  ['running', 'attempting'],
  ['running', 'polling'],
  ['running', 'pollingOnly'],
  ['running', 'offline'],
  ['running', 'disconnected'],
  ['unknown', 'forbidden'],
  ['unknown', 'noProject'],
];

const BRIEF: readonly Cell[] = [
  ['running', 'connected'],
  ['running', 'reconnecting'],
  ['partial', 'connected'],
  ['failedRetryable', 'connected'],
];

interface Sheet {
  readonly title: string;
  readonly cells: readonly Cell[];
  readonly width: number;
  readonly theme?: 'dark';
  readonly language?: string;
  readonly compact?: boolean;
}

const SHEETS: readonly Sheet[] = [
  { title: 'Job', cells: JOBS, width: 500 },
  { title: 'Jobs of other shapes', cells: SHAPES, width: 500 },
  { title: 'Connection', cells: CONNECTIONS, width: 500 },
  { title: 'Dark', cells: [...JOBS.slice(2, 13), ...CONNECTIONS.slice(4, 6)], width: 500, theme: 'dark' },
  { title: 'Right to left', cells: BRIEF, width: 500, language: 'ar' },
  { title: 'German', cells: BRIEF.slice(1, 3), width: 500, language: 'de' },
  { title: '320 px', cells: BRIEF, width: 320 },
  { title: '240 px', cells: BRIEF, width: 240 },
  { title: 'Compact', cells: [...JOBS.slice(2), ...CONNECTIONS.slice(0, 6)], width: 500, compact: true },
];

function sheet({ title, cells, width, theme, language = 'en', compact = false }: Sheet): HTMLElement {
  const section = document.createElement('section');
  section.lang = language;
  section.dir = language === 'ar' ? 'rtl' : 'ltr';
  Object.assign(section.style, {
    colorScheme: theme ?? 'light',
    background: theme === 'dark' ? '#14171d' : '#ffffff',
    color: theme === 'dark' ? '#e8eaef' : '#1c2028',
    padding: '16px',
    display: 'flex',
    flexWrap: 'wrap',
    gap: '16px 32px',
    alignItems: 'flex-start',
    // shorter than a frame's width, and the same on every machine that has the font
    font: '13px/19px "Liberation Sans", Arial, sans-serif',
  });
  const heading = document.createElement('h2');
  heading.textContent = title;
  Object.assign(heading.style, { font: '600 15px/20px inherit', inlineSize: '100%', margin: '0' });
  section.append(heading);
  for (const [job, connection] of cells) {
    const cell = document.createElement('div');
    Object.assign(cell.style, { inlineSize: `${String(width)}px` });
    const element = stateElement(job, connection);
    element.compact = compact;
    const caption = document.createElement('small');
    caption.textContent = `${titleOf(job)}, ${titleOf(connection).toLowerCase()}`;
    Object.assign(caption.style, { display: 'block', opacity: '0.75', marginBlockEnd: '8px' });
    if (!compact) cell.append(caption);
    cell.append(element);
    section.append(cell);
  }
  return section;
}

/** All of them. */
export const All = {
  render: () => {
    const page = document.createElement('div');
    page.id = 'contact-sheet';
    page.style.inlineSize = '1632px';
    page.append(...SHEETS.map(sheet));
    return page;
  },
  globals: { width: 'full' },
};
