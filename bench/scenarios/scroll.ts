/** Whether a page with a hundred elements scrolls smoothly while all are updated: the longest task of its main thread. */
import { createServer } from 'node:http';
import type { Browser } from 'playwright-core';
import { startChromium } from '../../tests/e2e/support/chromium.js';
import { spreadOf } from '../harness/statistics.js';
import { listen } from '../peers/listen.js';
import { withVerdict } from '../result.js';
import { startOurFeed, startPlainFeed } from '../widget/feed.js';
import { WIDGETS, createPages, type Page, type Widget } from '../widget/pages.js';
import { mainThreadTasksMs } from '../widget/tasks.js';
import type { Scenario } from './scenario.js';

const ELEMENTS = 100;
/** What the web calls a long task, in ms. */
const LONG_MS = 50;
/** Events per project, two per second, before and during the measurement. */
const WARM_UP = 4;
const QUICK_EVENTS = 6;
const EVENTS = 20;
/** Scrolls down and up, a few lines per frame. A string, because the compiler's helpers don't exist in the page. */
const SCROLLING = `
  globalThis.drawnFrames = 0;
  let step = 24;
  (function scroll() {
    if (scrollY + innerHeight >= document.documentElement.scrollHeight - 1) step = -24;
    else if (scrollY <= 0) step = 24;
    scrollBy(0, step);
    drawnFrames += 1;
    requestAnimationFrame(scroll);
  })();
`;
const CATEGORIES = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];

const UNITS = {
  longest: 'ms',
  long: 'tasks over 50 ms',
  frames: 'per second',
} as const;

async function measure(browser: Browser, widget: Widget, page: Page, events: number) {
  const feed = await (widget === 'ingestion-progress' ? startOurFeed : startPlainFeed)(ELEMENTS);
  const tab = await browser.newPage();
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(page(ELEMENTS, feed.url));
  });
  try {
    await tab.goto(`http://127.0.0.1:${await listen(server, 0)}/`);
    await tab.waitForFunction(() => 'shown' in globalThis);
    await tab.evaluate(SCROLLING);
    await feed.emit(WARM_UP);
    const frames = async () => Number(await tab.evaluate('drawnFrames'));
    await browser.startTracing(tab, { categories: CATEGORIES });
    const [framesBefore, startedAt] = [await frames(), performance.now()];
    await feed.emit(events);
    const drawn = (await frames()) - framesBefore;
    const seconds = (performance.now() - startedAt) / 1000;
    const tasks = mainThreadTasksMs((await browser.stopTracing()).toString('utf8'));
    if (tasks.length === 0) throw new Error('The trace contains no task of the page.');
    return {
      longest: Math.max(...tasks),
      long: tasks.filter((ms) => ms > LONG_MS).length,
      frames: drawn / seconds,
    };
  } finally {
    await tab.close();
    server.close();
    await feed.end();
  }
}

/** The bench `scroll`. */
export const scroll: Scenario = async ({ quick, log, save }) => {
  const pages = await createPages();
  const browser = await startChromium();
  const setting = `${ELEMENTS} elements`;
  const samples = new Map<Widget, Awaited<ReturnType<typeof measure>>[]>(WIDGETS.map((name) => [name, []]));
  const of = (name: Widget, figure: keyof typeof UNITS): number[] =>
    (samples.get(name) ?? []).map((sample) => sample[figure]);
  const findings = () => ({
    units: UNITS,
    rows: WIDGETS.map((name) => ({
      setting,
      subject: name,
      figures: {
        longest: spreadOf(of(name, 'longest')),
        long: spreadOf(of(name, 'long')),
        frames: spreadOf(of(name, 'frames')),
      },
    })),
    goals: [
      withVerdict({
        setting,
        goal: 'longest task during updates while the page scrolls, ms',
        measured: Math.max(...of('ingestion-progress', 'longest')),
        bound: LONG_MS,
        sense: 'at most',
      }),
    ],
    notes: NOTES,
  });
  try {
    for (let round = 0; round < (quick ? 2 : 5); round += 1) {
      for (const name of WIDGETS) {
        const sample = await measure(browser, name, pages[name], quick ? QUICK_EVENTS : EVENTS);
        samples.get(name)?.push(sample);
        const { longest, long } = sample;
        log(`${name}: longest task ${longest.toFixed(1)} ms, ${long} over ${LONG_MS} ms`);
      }
      save(findings());
    }
  } finally {
    await browser.close();
  }
  return findings();
};

const NOTES = [
  'A hundred projects with two events per second each, over one socket, while the page scrolls 24 px per frame, down and up. Tasks are those of the main thread of the page in the trace of Chromium, including frames and painting. The goal applies to the longest task of all rounds, in wall-clock time: run it on an idle machine.',
];
