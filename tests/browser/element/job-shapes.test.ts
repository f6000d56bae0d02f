/** Jobs of any shape: one phase to twelve, several at once, on wide and narrow pages and in both directions. */
import { expect } from '@esm-bundle/chai';
import type { Progress } from '@ingestion-progress/widget/client';
import { allMessages } from '../../../widget/element/locales/all.js';
import { registerMessages } from '@ingestion-progress/widget';
import { phasesOf, SAMPLES } from '../../../storybook/samples.js';
import { cleanUp, mount } from './support/mount.js';

/** A column of a page, this wide. */
function column(widthPx: number, direction = 'ltr'): HTMLElement {
  const parent = cleanUp(document.createElement('div'));
  parent.style.cssText = `width: ${String(widthPx)}px; font: 14px sans-serif`;
  parent.dir = direction;
  document.body.append(parent);
  return parent;
}

const twelve: Progress = SAMPLES.twelvePhases;

describe('A job of one phase', () => {
  it('is one bar and its words, without a list and without "1 of 1"', async () => {
    const { parts, part, text } = await mount({ sample: 'onePhase' });
    expect(parts('segment').length).to.equal(1);
    expect(part('phases') === null).to.equal(true);
    expect(text('headline')).to.equal('Copying: 4,210 of 9,800 files');
    expect(part('track')?.getAttribute('aria-valuetext')).to.equal('Copy, 42%');
  });
});

describe('A job of many phases', () => {
  for (const width of [200, 320, 480, 760, 1200]) {
    for (const direction of ['ltr', 'rtl']) {
      it(`stays within ${String(width)} px, ${direction}, with every phase in the bar and in the list`, async () => {
        const { element, parts, part } = await mount({
          progress: twelve,
          parent: column(width, direction),
          attributes: { dir: direction },
        });
        expect(element.scrollWidth).to.be.at.most(width);
        const track = part('track')?.getBoundingClientRect();
        for (const name of ['segment', 'phase']) {
          const boxes = parts(name).map((each) => each.getBoundingClientRect());
          expect(boxes.length).to.equal(12);
          for (const box of boxes) {
            expect(box.width).to.be.greaterThan(7);
            expect(box.left).to.be.at.least((track?.left ?? 0) - 1);
            expect(box.right).to.be.at.most((track?.right ?? 0) + 1);
          }
        }
      });
    }
  }

  it('fits the compact line too', async () => {
    for (const width of [240, 320, 760]) {
      const attributes = { compact: '' };
      const { element, part, parts } = await mount({ progress: twelve, parent: column(width), attributes });
      expect(element.scrollWidth).to.be.at.most(width);
      const end = parts('segment').at(-1)?.getBoundingClientRect().right ?? Infinity;
      expect(end).to.be.at.most((part('track')?.getBoundingClientRect().right ?? 0) + 1);
    }
  });

  it('lists them in as many columns as there is room for, each on one line that reads down', async () => {
    const columnsAt = async (width: number): Promise<number> => {
      const { parts } = await mount({ progress: twelve, parent: column(width) });
      const boxes = parts('phase').map((each) => each.getBoundingClientRect());
      for (const { height } of boxes) expect(height).to.be.lessThan(32);
      expect(boxes[1]?.top).to.be.greaterThan(boxes[0]?.top ?? Infinity);
      return new Set(boxes.map(({ left }) => Math.round(left))).size;
    };
    expect(await columnsAt(320)).to.equal(1);
    expect(await columnsAt(500)).to.equal(2);
    expect(await columnsAt(760)).to.equal(3);
  });

  it('shortens a name that does not fit, and has the whole on demand, by keyboard too', async () => {
    const { element, parts } = await mount({ progress: twelve, parent: column(500) });
    const long = parts('phase-name').find((each) => each.querySelector('summary'));
    const summary = long?.querySelector('summary');
    const height = () => long?.getBoundingClientRect().height ?? 0;
    expect(height()).to.be.lessThan(32);
    const line = summary?.querySelector('span')?.getBoundingClientRect().height ?? 0;
    expect(line).to.be.lessThan(23); // nothing of a second line shows
    summary?.focus();
    expect(element.shadowRoot?.activeElement === summary).to.equal(true);
    summary?.click();
    expect(height()).to.be.greaterThan(32);
    expect(long?.textContent?.trim()).to.equal('Resolving references between documents');
  });

  it('says where it is by its number of phases', async () => {
    const { part } = await mount({ progress: twelve });
    expect(part('track')?.getAttribute('aria-valuetext')).to.contain('Phase 6 of 12, ');
  });
});

describe('Phases that overlap', () => {
  it('run side by side, each with its own percent, and the furthest one speaks', async () => {
    const { parts, text } = await mount({ sample: 'overlapping' });
    const details = parts('phase-detail').map((each) => each.textContent?.trim().replace(/\s+/g, ' '));
    expect(details.slice(1)).to.deep.equal(['Running, 85%', 'Running, 40%', 'Waiting']);
    expect(text('headline')).to.equal('Embedding: batch 40 of 100');
  });

  it('let one that still runs speak once the furthest is completed', async () => {
    const phases = phasesOf(['Read', 'Write'], 2, { percent: 50, message: 'Writing' }).map((phase) =>
      phase.number === 1
        ? { ...phase, status: 'RUNNING' as const, percent: 80, message: 'Reading', completedAt: null }
        : { ...phase, status: 'COMPLETED' as const, percent: 100 },
    );
    const { text } = await mount({ progress: { ...SAMPLES.running, phases } });
    expect(text('headline')).to.equal('Reading');
  });
});

describe('A phase that was under way when the ingestion ended', () => {
  it('says that it stopped, with a word of its own in every language', async () => {
    registerMessages(...allMessages);
    const words = new Set<string>();
    for (const { language } of allMessages) {
      document.documentElement.lang = language;
      const { parts } = await mount({ sample: 'cancelled' });
      words.add(parts('phase-detail')[1]?.textContent?.trim() ?? '');
      expect(parts('phase')[1]?.classList.contains('stopped')).to.equal(true);
      expect(parts('phase-sign')[1]?.querySelector('.icon.stopped')).to.be.instanceOf(Element);
    }
    expect([...words][0]).to.equal('Stopped');
    expect(words.size).to.equal(allMessages.length);
  });

  it('leaves the others as they are: done, and not reached', async () => {
    const { parts } = await mount({ sample: 'cancelled' });
    const details = parts('phase-detail').map((each) => each.textContent?.trim().replace(/\s+/g, ' '));
    expect(details).to.deep.equal(['Done, 47s', 'Stopped', 'Not reached', 'Not reached']);
  });
});
