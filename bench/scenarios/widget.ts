/** The cost of the element: time to first render, memory, and time per update, compared with a plain progress bar. */
import { createServer } from 'node:http';
import type { Browser, CDPSession, Page as Tab } from 'playwright-core';
import { startChromium } from '../../tests/e2e/support/chromium.js';
import { ratioOf, spreadOf } from '../harness/statistics.js';
import { pause } from '../harness/time.js';
import { listen } from '../peers/listen.js';
import { withVerdict, type Goal, type Row } from '../result.js';
import { STRIDE, startOurFeed, startPlainFeed } from '../widget/feed.js';
import { WIDGETS, createPages, type Page, type Widget } from '../widget/pages.js';
import { percentAt } from '../workload.js';
import type { Scenario } from './scenario.js';

interface Sample {
  /** From the start of the script to the first frame, in milliseconds. */
  readonly shownMs: number;
  /** JavaScript heap after the updates and a garbage collection, in bytes. */
  readonly heapBytes: number;
  /** Main-thread time per update of one element, in microseconds: script, style, layout, paint. */
  readonly updateMicros: number;
}

const COUNTS = [1, 100] as const;
/** Events per project before the measurement, and in a quick run. */
const WARM_UP = 3;
const QUICK_EVENTS = 6;
const EVENTS = 20;

const UNITS = {
  shown: 'ms from script to first frame',
  heap: 'kB of heap',
  update: 'µs of main thread per update',
} as const;

/** CPU time of the page's main thread, in seconds. */
async function workedSeconds(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
}

/** The percentage that each element shows. */
function shownPercents(tab: Tab, widget: Widget): Promise<readonly number[]> {
  return tab.evaluate(
    (name) =>
      [...document.querySelectorAll(name)].map((element) => {
        const bar = element.shadowRoot?.querySelector('[role="progressbar"]');
        return Number(bar?.getAttribute('aria-valuenow') ?? Number.NaN);
      }),
    widget,
  );
}

async function measure(browser: Browser, widget: Widget, page: Page, elements: number, events: number) {
  const isOurs = widget === 'ingestion-progress';
  const feed = isOurs ? await startOurFeed(elements) : await startPlainFeed(elements);
  const tab = await browser.newPage();
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(page(elements, feed.url));
  });
  try {
    await tab.goto(`http://127.0.0.1:${await listen(server, 0)}/`);
    await tab.waitForFunction(() => 'shown' in globalThis);
    const shownMs = Number(await tab.evaluate(() => Reflect.get(globalThis, 'shown')));
    await feed.emit(WARM_UP);
    const cdp = await tab.context().newCDPSession(tab);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const before = await workedSeconds(cdp);
    await feed.emit(events);
    await pause(500);
    const worked = (await workedSeconds(cdp)) - before;
    // The overall percent: the only phase that progresses is a quarter of it. Bars may round.
    const expected = percentAt((WARM_UP + events) * STRIDE) / 4;
    const wrong = (await shownPercents(tab, widget)).filter(
      (percent) => !(Math.abs(percent - expected) <= 1),
    );
    if (wrong.length > 0) {
      throw new Error(`${widget}: ${wrong.length} of ${elements} show ${wrong[0] ?? ''}, not ${expected}.`);
    }
    await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.getMetrics');
    const heapBytes = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN;
    return { shownMs, heapBytes, updateMicros: (1e6 * worked) / (events * elements) };
  } finally {
    await tab.close();
    server.close();
    await feed.end();
  }
}

function settingOf(elements: number): string {
  return `${elements} element${elements === 1 ? '' : 's'}`;
}

/** The bench `widget`. */
export const widget: Scenario = async ({ quick, log, save }) => {
  const pages = await createPages();
  const browser = await startChromium();
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const findings = () => ({ units: UNITS, rows, goals, notes: NOTES });
  try {
    for (const elements of COUNTS) {
      const samples = new Map<Widget, Sample[]>(WIDGETS.map((name) => [name, []]));
      for (let round = 0; round < (quick ? 2 : 5); round += 1) {
        for (const name of WIDGETS) {
          const sample = await measure(browser, name, pages[name], elements, quick ? QUICK_EVENTS : EVENTS);
          samples.get(name)?.push(sample);
          log(`${settingOf(elements)}, ${name}: ${sample.updateMicros.toFixed(0)} µs per update`);
        }
      }
      const of = (name: Widget, figure: keyof Sample) =>
        (samples.get(name) ?? []).map((sample) => sample[figure]);
      for (const name of WIDGETS) {
        rows.push({
          setting: settingOf(elements),
          subject: name,
          figures: {
            shown: spreadOf(of(name, 'shownMs')),
            heap: spreadOf(of(name, 'heapBytes').map((bytes) => bytes / 1000)),
            update: spreadOf(of(name, 'updateMicros')),
          },
        });
      }
      goals.push(
        withVerdict({
          setting: settingOf(elements),
          goal: 'time per update relative to wa-progress-bar',
          measured: ratioOf(of(WIDGETS[0], 'updateMicros'), of(WIDGETS[1], 'updateMicros')),
          bound: 1,
          sense: 'at most',
        }),
      );
      save(findings());
    }
  } finally {
    await browser.close();
  }
  return findings();
};

const NOTES = [
  'Ours renders the overall bar, four phases with their counts, the remaining time and the connection state, and uses GraphQL. The peer renders one bar and a number, and parses the same states from one plain WebSocket for all bars. Each project has two events per second.',
  'Each page has its script inline and is reloaded for each figure. Time is CPU time of the main thread, measured by Chromium; afterwards the displayed value of each element was checked.',
];
