/** Words and numbers of a job, however long or hostile: they stay among ours, and the whole can be read. */
import { expect } from '@esm-bundle/chai';
import type { Progress } from '@ingestion-progress/widget/client';
import { phasesAt, SAMPLES } from '../../../storybook/samples.js';
import { cleanUp, mount } from './support/mount.js';

const LETTERS = 'x'.repeat(2_000);
const PATH = `/${'a-folder-with-a-long-name-'.repeat(10)}file.pdf`;
const WORDS = Array.from({ length: 300 }, (_, index) => `word${String(index)}`).join(' ');
const HOSTILE = 'a\u202Eb\u2069c\u2066d\u0007e\u009bf\u2028g';

const running = (message: string, over: Partial<Progress['phases'][number]> = {}): Progress => ({
  ...SAMPLES.running,
  phases: phasesAt(2, { percent: 42, message, metrics: SAMPLES.running.phases[1]?.metrics ?? null, ...over }),
});
const failed = (message: string): Progress => ({
  ...SAMPLES.failedPermanently,
  error: SAMPLES.failedPermanently.error && { ...SAMPLES.failedPermanently.error, message },
});
const withCounters = (count: number): Progress => {
  const metrics = SAMPLES.running.phases[1]?.metrics ?? null;
  const counters = Array.from({ length: count }, (_, index) => ({
    name: `c${String(index)}`,
    label: `${HOSTILE}${String(index)}`,
    value: index,
    unit: HOSTILE,
  }));
  return running('Counting', { metrics: metrics && { ...metrics, counters } });
};

/** A column of a page, this wide. */
function column(widthPx: number, attributes: Readonly<Record<string, string>> = {}): HTMLElement {
  const parent = cleanUp(document.createElement('div'));
  parent.style.cssText = `width: ${String(widthPx)}px; font: 15px sans-serif`;
  for (const [name, value] of Object.entries(attributes)) parent.setAttribute(name, value);
  document.body.append(parent);
  return parent;
}

/** Everything that is shown, spoken, or a tooltip. */
function saidBy(element: Element): string {
  const attributes = [...(element.shadowRoot?.querySelectorAll('[title], [aria-valuetext]') ?? [])].map(
    (node) => `${node.getAttribute('title') ?? ''}${node.getAttribute('aria-valuetext') ?? ''}`,
  );
  return [element.shadowRoot?.textContent ?? '', ...attributes].join('');
}

describe('Words of a job', () => {
  it('cannot turn the words around them round, nor hide control characters in them', async () => {
    const name = `${HOSTILE} phase`;
    const { error, result } = { error: failed(HOSTILE).error, result: SAMPLES.completed.result };
    const hostile: Progress[] = [
      withCounters(20),
      running(HOSTILE),
      { ...SAMPLES.waiting, phases: SAMPLES.waiting.phases.map((phase) => ({ ...phase, name })) },
      { ...failed(HOSTILE), error: error && { ...error, errorCode: HOSTILE } },
      { ...SAMPLES.completed, result: result && { ...result, summary: HOSTILE } },
    ];
    for (const progress of hostile) {
      for (const attributes of [{}, { compact: '' }]) {
        const { element } = await mount({ progress, attributes });
        const said = saidBy(element);
        // Not `match`: a message with these characters in it would confuse the runner.
        expect(/[\u202a-\u202e\u2066\u2067\u206a-\u206f]/.test(said)).to.equal(false);
        expect(/\p{Cc}|\u2028/u.test(said.replaceAll('\n', ''))).to.equal(false);
        // What isolates is closed by us alone.
        expect(said.split('\u2068').length).to.equal(said.split('\u2069').length);
      }
    }
  });

  for (const [what, words] of Object.entries({
    '2,000 letters': LETTERS,
    'a path': PATH,
    '300 words': WORDS,
  })) {
    it(`take three lines if they are ${what}, and the whole is read on demand, by keyboard too`, async () => {
      for (const [progress, part] of [
        [running(words), 'headline'],
        [failed(words), 'error-message'],
      ] as const) {
        const found = await mount({ progress, parent: column(320) });
        const block = found.part(part);
        const summary = block?.querySelector('summary');
        const height = (): number => block?.getBoundingClientRect().height ?? 0;
        expect(height()).to.be.lessThan(80);
        expect(found.element.scrollWidth).to.be.at.most(320);
        summary?.focus();
        expect(found.element.shadowRoot?.activeElement === summary).to.equal(true);
        summary?.click();
        expect(height()).to.be.greaterThan(100);
        expect(block?.textContent?.trim()).to.equal(words);
        found.client.show({ progress: { ...progress, revision: 9 } });
        await found.settled();
        expect(height()).to.be.greaterThan(100);
        expect(found.element.shadowRoot?.activeElement === summary).to.equal(true);
        expect(found.element.scrollWidth).to.be.at.most(320);
      }
    });
  }

  it('leave the focus on the headline if a long one was focused and becomes short', async () => {
    const { element, client, part, settled } = await mount({ progress: failed(WORDS) });
    part('error-message')?.querySelector('summary')?.focus();
    client.show({ progress: failed('Short.') });
    await settled();
    expect(element.shadowRoot?.activeElement === part('headline')).to.equal(true);
  });

  it('are spoken in part only, if they are long', async () => {
    const { element, client, settled } = await mount({ progress: running('Reading') });
    client.show({ progress: failed(WORDS) });
    await settled();
    const spoken = element.shadowRoot?.querySelector('.announcer')?.textContent?.trim() ?? '';
    expect(spoken).to.contain('word0 word1');
    expect(spoken.length).to.be.lessThan(260);
  });

  it('are cut within a sentence or a button if they name a phase, which the list has whole', async () => {
    const [first, second, ...rest] = SAMPLES.failedRetryable.phases;
    if (first === undefined || second === undefined) throw new Error('No phases.');
    const phases = [first, { ...second, name: PATH }, ...rest];
    const { part, parts } = await mount({
      progress: { ...SAMPLES.failedRetryable, phases },
      attributes: { 'allow-retry': '' },
      parent: column(320),
    });
    expect(part('headline')?.textContent?.length).to.be.lessThan(90);
    expect(part('retry-button')?.textContent?.length).to.be.lessThan(90);
    expect(parts('phase-name')[1]?.textContent?.trim()).to.equal(PATH);
    expect(parts('phase-name')[1]?.getBoundingClientRect().height).to.be.lessThan(80);
  });

  it('fold counters beyond eight', async () => {
    const { parts, element } = await mount({ progress: withCounters(20), parent: column(320) });
    const visible = (): number => parts('metric').filter((metric) => metric.checkVisibility()).length;
    expect(visible()).to.equal(4 + 8);
    element.shadowRoot?.querySelector<HTMLElement>('.more summary')?.click();
    expect(visible()).to.equal(4 + 20);
  });

  it('read from left to right in a language that is written so, also on a page that is not', async () => {
    const { parts } = await mount({ progress: running('Reading'), parent: column(600, { dir: 'rtl' }) });
    const [value] = parts('metric-value');
    const text = document.createTreeWalker(value as Node, NodeFilter.SHOW_TEXT).nextNode() as Text;
    const leftOf = (words: string): number => {
      const range = document.createRange();
      const at = text.data.indexOf(words);
      range.setStart(text, at);
      range.setEnd(text, at + words.length);
      return range.getBoundingClientRect().left;
    };
    expect(leftOf('4,210')).to.be.lessThan(leftOf('9,800'));
  });
});
