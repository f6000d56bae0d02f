/** The element on pages that are unlike ours: another document, a base address, odd languages, huge numbers. */
import { expect } from '@esm-bundle/chai';
import { SAMPLES } from '../../../storybook/samples.js';
import { createEnvironment } from '../../../widget/client/environment.js';
import { cleanUp, mount } from './support/mount.js';
import { waitUntil } from './support/wait-until.js';

describe('The element', () => {
  it('keeps its styles in another document, and when it comes back', async () => {
    const { element, part } = await mount({ sample: 'running' });
    const height = (): string | undefined => {
      const track = part('track');
      return track?.ownerDocument.defaultView?.getComputedStyle(track).height;
    };
    const frame = cleanUp(document.createElement('iframe'));
    document.body.append(frame);
    expect(height()).to.equal('10px');
    frame.contentDocument?.body.append(element);
    expect(height()).to.equal('10px');
    document.body.append(element);
    expect(height()).to.equal('10px');
  });

  it('resolves a relative endpoint against the base address of the page, also in a srcdoc frame', async () => {
    const base = cleanUp(document.createElement('base'));
    base.href = '/below/';
    document.head.append(base);
    expect(createEnvironment().pageUrl()).to.equal(`${location.origin}/below/`);
  });

  it('has an intrinsic width where its place takes the width of its content', async () => {
    const row = cleanUp(document.createElement('div'));
    row.style.cssText = 'display: flex; width: 800px; font-size: 16px';
    document.body.append(row);
    const { element } = await mount({ sample: 'running', parent: row });
    expect(element.offsetWidth).to.equal(320);
    row.style.width = '240px';
    expect(element.offsetWidth).to.equal(240);
  });

  it('takes a language with an underscore, as some servers write it', async () => {
    document.documentElement.lang = 'de_DE';
    const { text } = await mount({ sample: 'running' });
    expect(text('percent').replace(/\s/, ' ')).to.equal('30%'); // German is not registered here
    const { registerMessages } = await import('@ingestion-progress/widget');
    registerMessages((await import('../../../widget/element/locales/de.js')).de);
    expect((await mount({ sample: 'completed' })).text('headline')).to.equal('Abgeschlossen');
  });

  it('writes a huge number short', async () => {
    const [phase] = SAMPLES.running.phases.filter(({ status }) => status === 'RUNNING');
    const counters = [1.7e308, 4.2e15].map((value, index) => ({
      name: `c${String(index)}`,
      label: `c${String(index)}`,
      value,
      unit: null,
    }));
    const phases = SAMPLES.running.phases.map((each) =>
      each === phase && each.metrics ? { ...each, metrics: { ...each.metrics, counters } } : each,
    );
    const { parts } = await mount({ progress: { ...SAMPLES.running, phases } });
    const values = parts('metric-value').map((value) => value.textContent);
    expect(values).to.include('1.7E308');
    expect(values).to.include('4200T');
  });

  it('does not say "Live" of a run that has ended', async () => {
    for (const sample of ['completed', 'failedPermanently', 'cancelled'] as const) {
      expect((await mount({ sample })).text('badge-word'), sample).to.equal('');
    }
    expect((await mount({ sample: 'running' })).text('badge-word')).to.equal('Live');
  });

  it('is left alone by page translators, which would freeze what changes', async () => {
    const { part } = await mount({ sample: 'running' });
    expect(part('base')?.translate).to.equal(false);
  });

  it('says in the console that another script has defined its name', async () => {
    const frame = cleanUp(document.createElement('iframe'));
    frame.srcdoc = `<!doctype html><script type="module">
      const { dataset } = document.documentElement;
      console.warn = (text) => { dataset.warned = text; };
      customElements.define('ingestion-progress', class extends HTMLElement {});
      await import('/widget/define.ts');
      dataset.ready = 'yes';
    </script>`;
    document.body.append(frame);
    const data = () => frame.contentDocument?.querySelector('html')?.dataset ?? {};
    await waitUntil(() => data()['ready'] !== undefined);
    expect(data()['warned']).to.contain('Another script has defined <ingestion-progress>');
  });
});
