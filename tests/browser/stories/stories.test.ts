/**
 * Every story renders, passes axe in light and in dark, and has tab stops at its buttons, links and disclosures only. The contact sheet looks as
 * before; `npx tsx --conditions=source storybook/contact-sheet.ts` updates it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { AxeResults } from 'axe-core';
import { PNG } from 'pngjs';
import { CONTACT_SHEET, CONTACT_SHEET_STORY } from '../../../storybook/contact-sheet.js';
import { openStorySite } from '../../../storybook/story-site.js';

/** Of 255: allows for the rounded colours of the stored image and for antialiasing. */
const COLOUR_TOLERANCE = 64;
/** Share of pixels. */
const PIXEL_TOLERANCE = 0.002;
const SEEN = 'tests/artifacts/contact-sheet.png';

/** Share of pixels, 0 to 1, in which some channel differs by more than the tolerance; 1 if the sizes differ. */
function difference(a: PNG, b: PNG): number {
  if (a.width !== b.width || a.height !== b.height) return 1;
  let different = 0;
  for (let pixel = 0; pixel < a.data.length; pixel += 4) {
    const differs = [0, 1, 2].some(
      (channel) =>
        Math.abs((a.data[pixel + channel] ?? 0) - (b.data[pixel + channel] ?? 0)) > COLOUR_TOLERANCE,
    );
    if (differs) different += 1;
  }
  return different / (a.width * a.height);
}

const site = await openStorySite();
const errors: string[] = [];
site.page.on('pageerror', (error) => errors.push(error.message));
site.page.on('console', (message) => {
  if (message.type() === 'error') errors.push(message.text());
});
await site.page.addScriptTag({
  content: readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
});

/** Violations that axe finds in the elements; rules for whole documents don't apply to a story. */
async function violations(): Promise<string[]> {
  const results = await site.page.evaluate(() => {
    const { axe } = window as unknown as {
      axe: { run(context: string, options: object): Promise<AxeResults> };
    };
    return axe.run('#storybook-root', {
      rules: { region: { enabled: false }, 'page-has-heading-one': { enabled: false } },
      resultTypes: ['violations'],
    });
  });
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
}

/** Labels of the tab stops, in order. */
async function tabStops(): Promise<string[]> {
  const stops: string[] = [];
  await site.page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    getSelection()?.removeAllRanges();
    Object.assign(window, { seenByTab: new Set() });
  });
  for (let press = 0; press < 60; press += 1) {
    await site.page.keyboard.press('Tab');
    const label = await site.page.evaluate(() => {
      let at = document.activeElement;
      for (let next = at; next !== null; next = next.shadowRoot?.activeElement ?? null) at = next;
      const { seenByTab } = window as unknown as { seenByTab: Set<Element | null> };
      if (at === null || at === document.body || seenByTab.has(at)) return null; // it begins anew after the last
      seenByTab.add(at);
      return (at.textContent ?? '').trim();
    });
    if (label === null) break;
    stops.push(label);
  }
  return stops;
}

/** Labels of the visible, enabled buttons, links and disclosures. */
async function buttons(): Promise<string[]> {
  return site.page.evaluate(() => {
    const roots = [...document.querySelectorAll('ingestion-progress')].flatMap((element) => [
      ...(element.shadowRoot?.querySelectorAll<HTMLElement>('button:enabled, a, summary') ?? []),
      ...element.querySelectorAll<HTMLElement>('button:enabled'),
    ]);
    return roots
      .filter((button) => button.getClientRects().length > 0)
      .map((button) => (button.textContent ?? '').trim());
  });
}

afterAll(() => site.close());

const titles = [...new Set(site.stories.map(({ title }) => title))];

describe.each(titles)('%s', (title) => {
  const stories = site.stories.filter((story) => story.title === title);
  test.each(stories)('$name', async ({ id }) => {
    errors.length = 0;
    for (const theme of ['light', 'dark']) {
      await site.show(id, { theme });
      expect(await site.page.locator('ingestion-progress').count()).toBeGreaterThan(0);
      expect(await violations(), theme).toEqual([]);
    }
    // A scenario keeps playing, and a button may disappear between the two checks.
    await vi.waitFor(async () => expect((await tabStops()).sort()).toEqual((await buttons()).sort()), {
      timeout: 12_000,
      interval: 100,
    });
    expect(errors).toEqual([]);
  });
});

describe('The page of documentation', () => {
  test('has the whole API, the tokens as they are in the styles, and what to do and not to do', async () => {
    const text = await site.readDocs('overview--docs');
    for (const part of ['project-id', 'stalledAfter', 'ingestion-complete', 'Do, and do not', '::part']) {
      expect(text).toContain(part);
    }
    const styles = readFileSync('widget/element/styles/tokens.ts', 'utf8');
    const tokens = [...styles.matchAll(/var\((--ingestion-[\w-]+), light-dark\((#\w+), (#\w+)\)/g)].map(
      ([, token, light, dark]) => [token, light, dark],
    );
    expect(tokens.length).toBe(5);
    for (const token of tokens) {
      expect(
        text.split('\n').filter((line) => token.every((each) => line.includes(each ?? ''))),
      ).toHaveLength(1);
    }
  });
});

describe('Forced colours', () => {
  test('leave every state readable: outlined segments, fills and dots that stand out', async () => {
    await site.page.emulateMedia({ forcedColors: 'active' });
    try {
      await site.show(CONTACT_SHEET_STORY, { width: 'full' });
      const found = await site.page.evaluate(() => {
        const all = (selector: string) =>
          [...document.querySelectorAll('ingestion-progress')].flatMap((element) => [
            ...(element.shadowRoot?.querySelectorAll<HTMLElement>(selector) ?? []),
          ]);
        const page = getComputedStyle(document.body).backgroundColor;
        const lacks = (selector: string, isSo: (style: CSSStyleDeclaration) => boolean) =>
          all(selector).filter((each) => !isSo(getComputedStyle(each))).length;
        return {
          fills: lacks(
            '.segment:not(.empty, .unknown, .skipped) > .fill',
            (style) => style.backgroundColor !== page,
          ),
          segments: lacks('.segment', (style) => style.borderTopWidth === '1px'),
          dots: lacks('.dot', (style) => style.borderTopWidth === '1px'),
          icons: lacks('.icon', (style) => style.color !== page),
          seen: all('.fill').length > 100 && all('.dot').length > 10,
        };
      });
      expect(found).toEqual({ fills: 0, segments: 0, dots: 0, icons: 0, seen: true });
    } finally {
      await site.page.emulateMedia({ forcedColors: 'none' });
    }
  });
});

describe('The contact sheet', () => {
  test('looks as it is kept', async () => {
    await site.show(CONTACT_SHEET_STORY, { width: 'full' });
    const picture = await site.picture('contact-sheet');
    mkdirSync('tests/artifacts', { recursive: true });
    writeFileSync(SEEN, picture);
    const seen = PNG.sync.read(picture);
    const kept = PNG.sync.read(readFileSync(CONTACT_SHEET));
    expect([seen.width, seen.height], `sizes; see ${SEEN}`).toEqual([kept.width, kept.height]);
    const share = difference(seen, kept);
    expect(share, `share of pixels; see ${SEEN}`).toBeLessThan(PIXEL_TOLERANCE);
  }, 60_000);

  test('would show a track that is a little higher', async () => {
    await site.show('states-running--connected');
    const before = PNG.sync.read(await site.picture('storybook-root'));
    await site.page.evaluate(() => {
      document.querySelector('ingestion-progress')?.style.setProperty('--ingestion-track-height', '14px');
    });
    const after = PNG.sync.read(await site.picture('storybook-root'));
    expect(difference(before, after)).toBeGreaterThan(PIXEL_TOLERANCE);
  });

  test('is kept small', () => {
    expect(readFileSync(CONTACT_SHEET).length).toBeLessThan(600_000);
  });
});
