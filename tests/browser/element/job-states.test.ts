/** What the user sees in each state of the job; unknown is shown as unknown. */
import { expect } from '@esm-bundle/chai';
import type { PhaseProgress, Progress } from '@ingestion-progress/widget/client';
import { phasesAt, SAMPLES } from '../../../storybook/samples.js';
import { mount } from './support/mount.js';

const HEADLINES = {
  none: 'No ingestions yet',
  waiting: 'Waiting to start',
  running: 'Extracting text: 4,210 of 9,800 documents',
  stalled: 'No update for 1m 37s',
  completed: 'Completed',
  partial: 'Completed with errors',
  failedRetryable: 'Failed in Extraction',
  failedPermanently: 'Failed in Extraction',
  cancelled: 'Cancelled',
} as const;

describe('The job', () => {
  for (const [sample, headline] of Object.entries(HEADLINES)) {
    it(`says "${headline}" where it is ${sample}`, async () => {
      const { element, part } = await mount({ sample: sample as keyof typeof HEADLINES });
      expect(part('headline')?.textContent?.trim()).to.equal(headline);
      expect(element.shadowRoot?.textContent).not.to.match(/undefined|NaN|\[object/);
    });
  }

  it('shows the overall percent rounded down, so that nothing looks further than it is', async () => {
    const { part } = await mount({ progress: { ...SAMPLES.running, progressPercent: 99.97 } });
    expect(part('percent')?.textContent).to.equal('99%');
  });

  it('shows no percent, and no zero, where it is not known', async () => {
    const { part, element } = await mount({ sample: 'unknownPercent' });
    expect(part('percent')).to.equal(null);
    expect(element.shadowRoot?.textContent).not.to.contain('0%');
  });

  it('shows only the counts that the job gave', async () => {
    const { parts } = await mount({ sample: 'unknownPercent' });
    expect(parts('metric-label').map((label) => label.textContent)).to.deep.equal(['Items']);
    expect(parts('metric-value').map((value) => value.textContent)).to.deep.equal(['1,204']);
  });

  it('fills each segment by its own phase, as wide as the weight says', async () => {
    const { parts } = await mount({ sample: 'running' });
    const widths = parts('segment').map((segment) => segment.getBoundingClientRect().width);
    const total = widths.reduce((sum, width) => sum + width, 0);
    [0.15, 0.35, 0.3, 0.2].forEach((weight, index) => {
      expect((widths[index] ?? 0) / total).to.be.closeTo(weight, 0.01);
    });
    const fills = parts('fill').map((fill) => fill.style.getPropertyValue('--_fill'));
    expect(fills).to.deep.equal(['100%', '42.96%', '0%', '0%']);
  });

  it('draws the segments of the compact bar in one row, as wide as their weights', async () => {
    const { parts } = await mount({ sample: 'running', attributes: { compact: '' } });
    const boxes = parts('segment').map((segment) => segment.getBoundingClientRect());
    expect(new Set(boxes.map(({ top }) => top)).size).to.equal(1);
    const total = boxes.reduce((sum, { width }) => sum + width, 0);
    [0.15, 0.35, 0.3, 0.2].forEach((weight, index) => {
      expect((boxes[index]?.width ?? 0) / total).to.be.closeTo(weight, 0.02);
    });
  });

  it('fills a segment from nothing when its first percent comes, whatever was drawn while it was unknown', async () => {
    const { client, parts, settled } = await mount({ sample: 'unknownPercent' });
    const fill = () => parts('fill')[0]?.style.getPropertyValue('--_fill');
    expect(fill()).to.equal('0%');
    client.show({ progress: { ...SAMPLES.unknownPercent, phases: phasesAt(1, { percent: 3 }) } });
    await settled();
    expect(fill()).to.equal('3%');
  });

  it('keeps the counts while the start of the next phase is the last word, so that they do not flash', async () => {
    const { client, parts, settled } = await mount({ sample: 'running' });
    const values = () => parts('metric-value').map((value) => value.textContent);
    const [, counted] = SAMPLES.running.phases;
    const startedAt = SAMPLES.running.updatedAt + 500;
    const phases = phasesAt(3, { startedAt }).map((phase) =>
      phase.number === 2 ? { ...phase, metrics: counted?.metrics ?? null } : phase,
    );
    const progress: Progress = { ...SAMPLES.running, currentPhase: 3, phases, updatedAt: startedAt };
    client.show({ progress });
    await settled();
    expect(values()).to.include('4,210 of 9,800');
    client.show({ progress: { ...progress, revision: 2, updatedAt: startedAt + 500 } });
    await settled();
    expect(values()).to.deep.equal([]);
  });

  it('has a compact bar of one length, whether the time left is known or not', async () => {
    const { client, part, settled } = await mount({ sample: 'running', attributes: { compact: '' } });
    const length = () => part('track')?.getBoundingClientRect().width;
    const before = length();
    expect(part('headline')?.textContent).to.equal('about 4\u00a0min left');
    for (const etaSeconds of [9, null]) {
      client.show({ progress: { ...SAMPLES.running, etaSeconds } });
      await settled();
      expect(length()).to.equal(before);
    }
  });

  it('takes the same room in mid-run with counts and without, and whatever the connection', async () => {
    const { client, element, settled } = await mount({ sample: 'running', scopes: ['ingestion:control'] });
    element.style.inlineSize = '760px';
    await settled();
    const height = () => element.getBoundingClientRect().height;
    const before = height();
    client.show({ progress: { ...SAMPLES.running, phases: phasesAt(2, { percent: 42 }) } });
    await settled();
    expect(height()).to.equal(before);
    client.show({ connection: { state: 'offline' } });
    await settled();
    expect(height()).to.equal(before);
  });

  it('lets nothing shine beyond what is done', async () => {
    const { parts } = await mount({ sample: 'running' });
    for (const fill of parts('fill')) expect(getComputedStyle(fill).overflow).to.equal('hidden');
  });

  it('keeps the labels aligned to their segments', async () => {
    const { parts } = await mount({ sample: 'running' });
    const starts = (name: string) => parts(name).map((each) => Math.round(each.getBoundingClientRect().left));
    expect(starts('phase')).to.deep.equal(starts('segment'));
  });

  it('says what to do about a failure: retry, wait, or contact support', async () => {
    const retryable = await mount({ sample: 'failedRetryable', scopes: ['ingestion:control'] });
    expect(retryable.text('error-hint')).to.equal('You can retry.');
    expect(retryable.text('error-code')).to.equal('Attempt 1 of 3 · Code SOURCE_UNREACHABLE');
    const recoverable = await mount({ sample: 'failedRecoverable' });
    expect(recoverable.text('error-hint')).to.contain('may resume on its own');
    const final = await mount({ sample: 'failedPermanently' });
    expect(final.text('error-hint')).to.contain('Contact support');
    expect(final.text('error-message')).to.equal('The text extractor has no valid licence.');
  });

  it('counts what failed where it completed with errors', async () => {
    const { parts } = await mount({ sample: 'partial' });
    expect(parts('metric-value').map((value) => value.textContent)).to.include('37');
  });

  it('says in numbers how many failed where the job said nothing itself', async () => {
    const result = { ...SAMPLES.partial.result, summary: null, itemsFailed: 1 };
    const { text } = await mount({ progress: { ...SAMPLES.partial, result } });
    expect(text('detail')).to.equal('1 item failed');
  });

  it('lets a full bar settle before the result takes its place', async () => {
    const { client, part, settled, element } = await mount({ sample: 'running' });
    client.show({ progress: SAMPLES.completed });
    await settled();
    expect(part('percent')?.textContent).to.equal('100%');
    client.advance(800);
    element.requestUpdate();
    await settled();
    expect(part('percent')).to.equal(null);
    expect(part('headline')?.textContent?.trim()).to.equal('Completed');
  });
});

describe('Ages', () => {
  it('are counted from the server and the monotonic clock, whatever the local clock says', async () => {
    const wrongClock = Date.now;
    Date.now = () => 0;
    try {
      const { client, text, element, settled } = await mount({ sample: 'running' });
      expect(text('detail')).to.contain('12m elapsed');
      client.advance(60_000);
      client.show({ progress: { ...SAMPLES.running, updatedAt: SAMPLES.running.updatedAt + 60_000 } });
      element.requestUpdate();
      await settled();
      expect(text('detail')).to.contain('13m elapsed');
    } finally {
      Date.now = wrongClock;
    }
  });

  it('count the remaining time down between updates, and never up', async () => {
    const { client, text, element, settled } = await mount({ sample: 'running' });
    const shown: string[] = [text('detail')];
    for (let step = 0; step < 4; step += 1) {
      client.advance(10_000);
      element.requestUpdate();
      await settled();
      shown.push(text('detail'));
    }
    const minutes = shown.map((each) => Number(/about (\d+)\smin left/.exec(each)?.[1]));
    expect(minutes).to.deep.equal([4, 3, 3, 3, 3]);
  });

  it('call a job quiet after stalled-after seconds, and not while the connection is the one that is gone', async () => {
    const { client, part, element, settled } = await mount({
      sample: 'running',
      attributes: { 'stalled-after': '5' },
    });
    client.advance(4000);
    element.requestUpdate();
    await settled();
    expect(part('base')?.dataset['state']).to.equal('running');
    client.advance(1000);
    element.requestUpdate();
    await settled();
    expect(part('base')?.dataset['state']).to.equal('stalled');
    client.show({ connection: { state: 'offline' } });
    await settled();
    expect(part('base')?.dataset['state']).to.equal('running');
  });

  it('take 45 seconds where stalled-after is no number of seconds', async () => {
    for (const nonsense of ['soon', '-1', '']) {
      const { client, part, element, settled } = await mount({
        sample: 'running',
        attributes: { 'stalled-after': nonsense },
      });
      client.advance(44_000);
      element.requestUpdate();
      await settled();
      expect(part('base')?.dataset['state'], nonsense).to.equal('running');
      client.advance(1000);
      element.requestUpdate();
      await settled();
      expect(part('base')?.dataset['state'], nonsense).to.equal('stalled');
    }
  });

  it('promise no end that nobody can hear of: an estimate that runs out offline is gone', async () => {
    const { client, text, element, settled } = await mount({
      sample: 'running',
      connection: { state: 'offline' },
    });
    expect(text('detail')).to.contain('about 4 min left');
    client.advance(215_000);
    element.requestUpdate();
    await settled();
    expect(text('detail')).to.equal('15m 35s elapsed');
  });

  it('are not shown for a remembered state, since nobody knows how old it is', async () => {
    const { text } = await mount({ sample: 'running', knowledge: 'remembered' });
    expect(text('detail')).to.equal('');
  });
});

describe('Data from a server', () => {
  it('is clamped where it is out of range', async () => {
    const phases: PhaseProgress[] = phasesAt(2, { percent: 250 });
    const progress: Progress = { ...SAMPLES.running, progressPercent: 140, phases };
    const { part, parts } = await mount({ progress });
    expect(part('track')?.getAttribute('aria-valuenow')).to.equal('100');
    expect(parts('fill')[1]?.style.getPropertyValue('--_fill')).to.equal('100%');
  });

  it('is shown as text, also where it is HTML', async () => {
    const evil = '<img src=x onerror="window.hacked=true"><b>bold</b>';
    const phases = phasesAt(2, { message: evil }).map((phase) => ({ ...phase, name: evil }));
    const { element, part } = await mount({ progress: { ...SAMPLES.running, phases } });
    expect(part('headline')?.textContent?.trim()).to.equal(evil);
    expect(element.shadowRoot?.querySelector('img, b')).to.equal(null);
    const error = { ...SAMPLES.failedPermanently.error, message: evil, errorCode: '<i>X</i>' };
    const failed = await mount({ progress: { ...SAMPLES.failedPermanently, error } });
    expect(failed.part('error-message')?.textContent?.trim()).to.equal(evil);
    expect(failed.element.shadowRoot?.querySelector('img, b, i')).to.equal(null);
  });
});
