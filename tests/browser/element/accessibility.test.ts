/** Accessibility: names, values, announcements, focus, target sizes, contrast. */
import { expect } from '@esm-bundle/chai';
import type { Connection } from '@ingestion-progress/widget/client';
import type { Progress } from '@ingestion-progress/widget';
import { phasesAt, SAMPLES, type SampleName } from '../../../storybook/samples.js';
import { contrast } from './support/contrast.js';
import { mount } from './support/mount.js';

const LIVE = '[aria-live], [role="status"], [role="alert"], [role="log"]';

/** A run as a job reports it: phase by phase in steps of one percent, then the ending. */
function* wholeRun(): Generator<Progress> {
  for (let overall = 0; overall <= 100; overall += 1) {
    const phase = Math.min(4, Math.floor(overall / 25) + 1);
    const percent = (overall - (phase - 1) * 25) * 4;
    const phases = phasesAt(phase, { percent }).map((each) => ({ ...each, weight: 0.25 }));
    yield {
      ...SAMPLES.running,
      revision: overall + 2,
      currentPhase: phase,
      progressPercent: overall,
      phases,
    };
  }
  yield { ...SAMPLES.completed, revision: 200 };
}

describe('The progress bar', () => {
  it('has a name, a range, a value, and words for it', async () => {
    const { part } = await mount({ sample: 'running' });
    const bar = part('track');
    const read = (name: string) => bar?.getAttribute(name);
    expect(read('role')).to.equal('progressbar');
    expect(read('aria-label')).to.equal('Ingestion progress');
    expect([read('aria-valuemin'), read('aria-valuemax'), read('aria-valuenow')]).to.deep.equal([
      '0',
      '100',
      '30',
    ]);
    expect(read('aria-valuetext')).to.equal('Phase 2 of 4, Extraction, 30%');
  });

  it('is named by label where the host gives one', async () => {
    const { part } = await mount({ sample: 'running', attributes: { label: 'Team handbook' } });
    expect(part('track')?.getAttribute('aria-label')).to.equal('Team handbook');
    expect(part('heading')?.textContent).to.equal('Team handbook');
  });

  for (const sample of ['unknownPercent', 'waiting', 'none'] as const satisfies readonly SampleName[]) {
    it(`has no aria-valuenow where the percent is not known (${sample})`, async () => {
      const { part } = await mount({ sample });
      expect(part('track')?.hasAttribute('aria-valuenow')).to.equal(false);
      expect(part('track')?.getAttribute('aria-valuetext')).not.to.match(/%/);
    });
  }
});

describe('The live region', () => {
  it('is there, empty, before it speaks, and stays the same one node', async () => {
    const { element, client, settled } = await mount({ sample: 'running' });
    const regions = () => [...(element.shadowRoot?.querySelectorAll(LIVE) ?? [])];
    const [first] = regions();
    expect(regions().length).to.equal(1);
    expect(first?.textContent?.trim()).to.equal('');
    client.show({ progress: SAMPLES.completed });
    await settled();
    element.compact = true;
    await settled();
    expect(regions()).to.deep.equal([first]);
    expect(first?.textContent?.trim()).to.equal('Completed.');
  });

  it('speaks at most eight times in a whole run, the end among them', async () => {
    const { element, client, settled } = await mount({ sample: 'waiting' });
    const region = element.shadowRoot?.querySelector(LIVE);
    const said: string[] = [];
    for (const progress of wholeRun()) {
      client.show({ progress });
      await settled();
      const text = region?.textContent?.trim() ?? '';
      if (text !== '' && text !== said.at(-1)) said.push(text);
    }
    expect(said).to.deep.equal([
      'Phase 1 of 4, Discovery.',
      'Phase 2 of 4, Extraction. 25% done.',
      'Phase 3 of 4, Analysis. 50% done.',
      'Phase 4 of 4, Indexing. 75% done.',
      'Completed.',
    ]);
  });

  it('announces the start of an ingestion while watching, not one that is running at first', async () => {
    const there = await mount({ sample: 'running' });
    expect(there.element.shadowRoot?.querySelector(LIVE)?.textContent?.trim()).to.equal('');
    const { element, client, settled } = await mount({ sample: 'none' });
    client.show({
      progress: { ...SAMPLES.running, currentPhase: 1, progressPercent: 2, phases: phasesAt(1) },
    });
    await settled();
    const said = element.shadowRoot?.querySelector(LIVE)?.textContent?.trim();
    expect(said).to.equal('Phase 1 of 4, Discovery.');
  });

  it('interrupts for a failure only', async () => {
    const { element, client, settled } = await mount({ sample: 'running' });
    const region = element.shadowRoot?.querySelector(LIVE);
    expect(region?.getAttribute('aria-live')).to.equal('polite');
    client.show({ progress: SAMPLES.failedPermanently });
    await settled();
    expect(region?.getAttribute('aria-live')).to.equal('assertive');
    expect(region?.textContent?.trim()).to.equal(
      'Failed in Extraction. The text extractor has no valid licence.',
    );
  });

  it('mentions a lost connection after five seconds, and its return; a short drop not at all', async () => {
    const { element, client, settled } = await mount({ sample: 'running' });
    const region = element.shadowRoot?.querySelector(LIVE);
    const after = async (ms: number) => {
      client.advance(ms);
      element.requestUpdate();
      await settled();
      return region?.textContent?.trim();
    };
    client.show({ connection: { state: 'offline' } });
    await settled();
    expect(await after(4900)).to.equal('');
    client.show({ connection: { state: 'connected' } });
    await settled();
    expect(await after(10)).to.equal('');
    client.show({ connection: { state: 'offline' } });
    await settled();
    expect(await after(5001)).to.equal('Connection lost. Reconnecting.');
    client.show({ connection: { state: 'connected' } });
    await settled();
    expect(await after(0)).to.equal('Connection restored.');
  });

  const LOST = {
    state: 'reconnecting',
    attempt: 9,
    maxAttempts: 10,
    nextAttemptAt: 30_000,
    error: null,
  } as const;
  const SPENT = { state: 'disconnected', reason: 'exhausted', error: null } as const;
  const REFUSED = { state: 'unauthorized', error: { code: 'UNAUTHENTICATED', message: 'no' } } as const;

  /** What it announces for each connection after ten seconds, in order, without repeats. */
  async function saidOf(...connections: readonly Connection[]): Promise<string[]> {
    const { element, client, settled } = await mount({ sample: 'running' });
    const region = element.shadowRoot?.querySelector(LIVE);
    const said: string[] = [];
    for (const connection of connections) {
      client.show({ connection });
      await settled();
      client.advance(10_000);
      element.requestUpdate();
      await settled();
      const text = region?.textContent?.trim() ?? '';
      if (text !== said.at(-1)) said.push(text);
    }
    return said;
  }

  it('does not promise another try where the page stopped it', async () => {
    const said = await saidOf({ state: 'disconnected', reason: 'stopped', error: null });
    expect(said.join()).to.match(/^Disconnected\. Live updates are off.*ago$/);
  });

  it('announces each time that retrying has failed for good', async () => {
    const said = await saidOf(LOST, SPENT, LOST, SPENT, { state: 'connected' });
    expect(said.map((text) => text.replace(/\u00a0·.*/, ''))).to.deep.equal([
      'Connection lost. Reconnecting.',
      "Disconnected. Can't reach the server",
      '',
      "Disconnected. Can't reach the server",
      'Connection restored.',
    ]);
    expect(await saidOf(REFUSED)).to.deep.equal([
      'No access. Your sign-in is no longer valid. Sign in again.',
    ]);
  });

  it('says nothing of what is there at first when another project is shown, or a token made the client anew', async () => {
    const { element, client, settled } = await mount({ sample: 'running' });
    client.show({ progress: null, knowledge: 'none' });
    await settled();
    client.show({ progress: SAMPLES.completed, knowledge: 'confirmed' });
    await settled();
    expect(element.shadowRoot?.querySelector(LIVE)?.textContent?.trim()).to.equal('');
  });

  it('announces why a command failed, each time', async () => {
    let answer: () => void = () => undefined;
    const { element, part, settled } = await mount({
      sample: 'failedRetryable',
      scopes: ['ingestion:control'],
      answer: () =>
        new Promise((resolve) => {
          answer = () => {
            resolve({ status: 'NO_RECEIVER', reason: null });
          };
        }),
    });
    const region = element.shadowRoot?.querySelector(LIVE);
    for (let times = 0; times < 2; times += 1) {
      part('retry-button')?.click();
      await settled();
      expect(region?.textContent?.trim()).to.equal('');
      answer();
      await settled();
      expect(region?.textContent?.trim()).to.equal('No job responded. It may not be running.');
      expect(region?.getAttribute('aria-live')).to.equal('assertive');
    }
  });
});

describe('The keyboard', () => {
  it('keeps the focus on a button while its label changes', async () => {
    const { part, settled, element } = await mount({
      sample: 'failedRetryable',
      scopes: ['ingestion:control'],
    });
    const button = part('retry-button');
    button?.focus();
    button?.click();
    await settled();
    expect(part('retry-button')).to.equal(button);
    expect(button?.textContent?.trim()).to.equal('Retrying…');
    expect(element.shadowRoot?.activeElement).to.equal(button);
  });

  it('leaves the focus with the headline when the button it was on goes away', async () => {
    const { part, client, settled, element } = await mount({
      sample: 'failedRetryable',
      scopes: ['ingestion:control'],
    });
    part('retry-button')?.focus();
    client.show({ progress: { ...SAMPLES.waiting, id: 'next' } });
    await settled();
    expect(element.shadowRoot?.activeElement).to.equal(part('headline'));
  });

  it('finds nothing to stop at that does nothing', async () => {
    for (const sample of Object.keys(SAMPLES) as SampleName[]) {
      const { element } = await mount({ sample });
      const stops = [
        ...(element.shadowRoot?.querySelectorAll<HTMLElement>('a, button, input, [tabindex]') ?? []),
        // A link of the result and the list of problems do something.
      ].filter((each) => each.tabIndex >= 0 && !each.matches('a[href], [part~="problems-button"]'));
      expect(stops.length, sample).to.equal(0);
    }
  });

  it('meets targets of at least 24 pixels', async () => {
    for (const compact of [false, true]) {
      const { parts, element } = await mount({
        sample: 'failedRetryable',
        scopes: ['ingestion:control'],
        connection: { state: 'disconnected', reason: 'exhausted', error: null },
        attributes: compact ? { compact: '' } : {},
      });
      expect(parts('button').length).to.equal(2);
      for (const button of parts('button')) {
        const { width, height } = button.getBoundingClientRect();
        expect(Math.min(width, height), element.outerHTML).to.be.at.least(24);
      }
    }
  });
});

describe('The eye', () => {
  for (const theme of ['light', 'dark'] as const) {
    it(`tells each segment's fill from its track by 3:1 in ${theme}`, async () => {
      const host = document.createElement('div');
      host.style.colorScheme = theme;
      document.body.append(host);
      for (const sample of ['running', 'stalled', 'completed', 'failedPermanently', 'cancelled'] as const) {
        const { element, parts } = await mount({ sample, parent: host });
        const filled = parts('fill').filter((fill) => fill.style.getPropertyValue('--_fill') !== '0%');
        expect(filled.length).to.be.greaterThan(0);
        for (const fill of filled) {
          const colours = [fill, fill.parentElement ?? fill].map(
            (each) => getComputedStyle(each).backgroundColor,
          );
          expect(contrast(colours[0] ?? '', colours[1] ?? ''), `${sample} ${element.compact}`).to.be.at.least(
            3,
          );
        }
      }
      host.remove();
    });
  }

  it('sees no endless movement where less motion is asked for', async () => {
    const { element } = await mount({ sample: 'running' });
    const sheets = element.shadowRoot?.adoptedStyleSheets ?? [];
    const moving = sheets
      .flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule.cssText.includes('infinite'));
    expect(moving.map((rule) => (rule as CSSMediaRule).conditionText)).to.deep.equal([
      '(prefers-reduced-motion: no-preference)',
    ]);
  });
});
