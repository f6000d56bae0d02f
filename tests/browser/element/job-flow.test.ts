/** How a job gets on: the time left in words, attempts, pauses, queues, and the two kinds of silence. */
import { expect } from '@esm-bundle/chai';
import { registerMessages } from '@ingestion-progress/widget';
import type { Progress } from '@ingestion-progress/widget/client';
import { NOW, SAMPLES } from '../../../storybook/samples.js';
import { allMessages } from '../../../widget/element/locales/all.js';
import { mount, type Mounted } from './support/mount.js';

const MINUTE = 60_000;

const withEta = (seconds: number, ratio = 1.1): Progress => ({
  ...SAMPLES.running,
  updatedAt: NOW,
  etaSeconds: seconds,
  etaLowSeconds: seconds / Math.sqrt(ratio),
  etaHighSeconds: seconds * Math.sqrt(ratio),
});

/** What the element says after so many milliseconds. */
async function after({ client, element, settled }: Mounted, ms: number): Promise<void> {
  client.advance(ms);
  element.requestUpdate();
  await settled();
}

const plain = (words: string): string => words.replaceAll('\u00a0', ' ');
const estimate = (found: Mounted): string => plain(found.text('detail')).split(' · ')[0] ?? '';

describe('The time left', () => {
  it('is put in words as coarse as it is sure', async () => {
    for (const [seconds, ratio, words] of [
      [3, 1.1, 'almost done'],
      [23, 1.1, 'about 25 sec left'],
      [250, 1.1, 'about 4 min left'],
      [5_400, 1.1, 'about 1.5 hours left'],
      [10_182, 2, '2 to 4 hours left'],
    ] as const) {
      expect(estimate(await mount({ progress: withEta(seconds, ratio) }))).to.equal(words);
    }
  });

  it('keeps its words while they are right, whatever jitters, and is counted down between updates', async () => {
    const found = await mount({ progress: withEta(240) });
    for (const seconds of [255, 230, 262, 222]) {
      found.client.show({ progress: withEta(seconds) });
      await found.settled();
      expect(estimate(found), String(seconds)).to.equal('about 4 min left');
    }
    await after(found, 44_000);
    expect(estimate(found)).to.equal('about 3 min left');
  });

  it('has words in every language', async () => {
    registerMessages(...allMessages);
    for (const ratio of [1.1, 2]) {
      const words = new Set<string>();
      for (const { language } of allMessages) {
        document.documentElement.lang = language;
        const said = estimate(await mount({ progress: withEta(10_182, ratio) }));
        expect(said)
          .to.match(/\d|[٠-٩]/)
          .and.not.to.contain('{');
        words.add(said);
      }
      expect(words.size).to.equal(allMessages.length);
    }
  });

  it('is not told while the job is paused', async () => {
    const found = await mount({ sample: 'paused' });
    expect(found.element.shadowRoot?.textContent).not.to.contain('left');
  });
});

describe('Attempts', () => {
  it('are told from the second on', async () => {
    expect((await mount({ sample: 'running' })).text('detail')).not.to.contain('Attempt');
    expect((await mount({ sample: 'secondAttempt' })).text('detail')).to.match(/· Attempt 2 of 5$/);
    const { text } = await mount({ progress: { ...SAMPLES.secondAttempt, maxAttempts: null } });
    expect(text('detail')).to.match(/· Attempt 2$/);
  });

  it('count down to the next one while nothing runs', async () => {
    const found = await mount({ sample: 'retrying' });
    expect(found.text('headline')).to.equal('Attempt 2 of 5, retrying in 30s');
    expect(found.text('detail')).to.contain('Failed in Extraction');
    await after(found, 12_000);
    expect(found.text('headline')).to.equal('Attempt 2 of 5, retrying in 18s');
    await after(found, 18_000);
    expect(found.text('headline')).to.equal('Failed in Extraction');
    expect(found.text('error-code')).to.contain('Attempt 2 of 5');
  });
});

describe('A paused job', () => {
  const until = new Intl.DateTimeFormat('en', { hour: 'numeric', minute: '2-digit' });

  it('says why and until when, and its bar is still', async () => {
    const { text, parts, part } = await mount({ sample: 'paused' });
    expect(text('headline')).to.equal(`Paused until ${until.format(NOW + 90 * MINUTE)}`);
    expect(text('detail')).to.contain('The source allows downloads at night only');
    expect(text('percent')).to.equal('30%');
    for (const fill of parts('fill'))
      expect(getComputedStyle(fill, '::after').animationName).to.equal('none');
    expect(part('track')?.getAttribute('aria-valuetext')).to.contain('Paused until');
  });

  it('names the day if that is not within a day, and no time at all if it has none', async () => {
    const pause = { reason: 'Maintenance', until: NOW + 30 * 60 * MINUTE, since: NOW };
    const { text, client, settled } = await mount({ progress: { ...SAMPLES.paused, pause } });
    expect(text('headline')).to.match(/^Paused until May 5, /);
    client.show({ progress: { ...SAMPLES.paused, pause: { ...pause, until: null } } });
    await settled();
    expect(text('headline')).to.equal('Paused');
  });

  it('is not called stalled, until it has not come back from its pause', async () => {
    const found = await mount({ sample: 'paused' });
    await after(found, 89 * MINUTE);
    expect(found.part('base')?.dataset['state']).to.equal('paused');
    await after(found, 2 * MINUTE);
    expect(found.part('base')?.dataset['state']).to.equal('stalled');
    const endless = { ...SAMPLES.paused, pause: { reason: 'Later', until: null, since: NOW } };
    const other = await mount({ progress: endless });
    await after(other, 900 * MINUTE);
    expect(other.part('base')?.dataset['state']).to.equal('paused');
  });
});

describe('A job that waits', () => {
  it('says for what, and its place in the queue', async () => {
    const { text } = await mount({ sample: 'waitingInQueue' });
    expect(text('headline')).to.equal('Waiting for a worker, number 3 in the queue');
    const waiting = { waitingFor: null, queuePosition: 12 };
    const nameless = await mount({ progress: { ...SAMPLES.waitingInQueue, waiting } });
    expect(nameless.text('headline')).to.equal('Waiting to start, number 12 in the queue');
  });
});

describe('Silence', () => {
  it('of the work is told as such while the process is heard of, instead of an estimate', async () => {
    const found = await mount({ sample: 'noProgress' });
    expect(found.text('headline')).to.equal('Building the index');
    expect(found.text('detail')).to.match(/^no progress for 40m · /);
    expect(found.text('detail')).not.to.contain('left');
    expect(found.part('base')?.dataset['state']).to.equal('running');
  });

  it('of the process is a stall', async () => {
    const found = await mount({ sample: 'noProgress' });
    await after(found, 45_000);
    expect(found.text('headline')).to.match(/^No update for/);
  });
});

describe('A total that may still grow', () => {
  it('is told as what is known so far', async () => {
    const { parts } = await mount({ sample: 'openTotal' });
    expect(parts('metric-value')[0]?.textContent).to.equal('250 of 500 so far');
  });
});
