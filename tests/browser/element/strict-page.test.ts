/** Difficult pages: strict policies, slots, a second definition, styles from outside. */
import { expect } from '@esm-bundle/chai';
import { SAMPLES } from '../../../storybook/samples.js';
import { cleanUp, mount } from './support/mount.js';
import { waitUntil } from './support/wait-until.js';

describe('A strict page', () => {
  it('works under a policy without inline styles, and asks for no trusted HTML', async () => {
    const frame = cleanUp(document.createElement('iframe'));
    frame.srcdoc = `<!doctype html>
      <meta http-equiv="Content-Security-Policy" content="default-src 'self'; require-trusted-types-for 'script'">
      <script type="module" src="/tests/browser/element/support/strict-page.ts"></script>`;
    document.body.append(frame);
    const state = () => frame.contentDocument?.querySelector('html')?.dataset ?? {};
    await waitUntil(() => state()['ready'] !== undefined, 'the page is ready');
    expect(state()['violations']).to.equal('style-src-attr '); // the page's own
    expect(state()['fill']).to.equal('42.96%');
    expect(Number(state()['track'])).to.be.greaterThan(4);
  });

  it('retries at once, and polls, where its policy blocks the WebSocket', async () => {
    const frame = cleanUp(document.createElement('iframe'));
    frame.srcdoc = `<!doctype html>
      <meta http-equiv="Content-Security-Policy" content="connect-src 'self'">
      <script type="module">
        import '/widget/define.ts';
        const { dataset } = document.documentElement;
        window.fetch = async (url) => {
          dataset.polled = String(url);
          return new Response('{"data":{"progress":null}}', { headers: { 'content-type': 'application/json' } });
        };
        addEventListener('ingestion-connection-change', ({ detail: { connection } }) => {
          dataset.states = (dataset.states ?? '') + connection.state + ' ';
        });
        const element = document.createElement('ingestion-progress');
        Object.assign(element, {
          projectId: 'p1',
          token: 't',
          endpoint: '${location.origin}/graphql',
          wsEndpoint: 'wss://blocked.example/graphql',
        });
        document.body.append(element);
      </script>`;
    document.body.append(frame);
    const state = () => frame.contentDocument?.querySelector('html')?.dataset ?? {};
    await waitUntil(() => state()['states'] !== undefined, 'the page is ready');
    await waitUntil(() => state()['states'] === 'connecting reconnecting ', 'the block counts as an attempt');
    await waitUntil(() => state()['polled'] !== undefined, 'the first state is asked for');
  });

  it('may load the definition twice', async () => {
    const again = '../../../widget/define.ts?again';
    await import(again);
    const { text } = await mount({ sample: 'completed' });
    expect(text('headline')).to.equal('Completed');
  });
});

describe('Slots', () => {
  it('take the place of what the element would say', async () => {
    const { element, part, client, settled } = await mount({ sample: 'running' });
    element.innerHTML = `<h3 slot="heading">Books</h3><p slot="metrics">Mine</p><button slot="actions">More</button>
      <p slot="complete">All there</p><p slot="error">Oh no</p>`;
    await settled();
    const shown = () =>
      [...element.children]
        .filter((child) => child.assignedSlot !== null && child.getClientRects().length > 0)
        .map((child) => child.getAttribute('slot'));
    expect(shown()).to.deep.equal(['heading', 'metrics', 'actions']);
    expect(part('metrics')?.getClientRects().length).to.equal(0);
    client.show({ progress: SAMPLES.failedPermanently });
    await settled();
    expect(shown()).to.deep.equal(['heading', 'metrics', 'actions', 'error']);
    client.show({ progress: SAMPLES.completed });
    await settled();
    expect(shown()).to.deep.equal(['heading', 'actions', 'complete']);
  });
});

describe('Styles from outside', () => {
  it('reach every visible piece by its part, and every colour by its custom property', async () => {
    const style = cleanUp(document.createElement('style'));
    style.textContent = `ingestion-progress { --ingestion-accent: rgb(1, 2, 3); --ingestion-track-height: 20px; }
      ingestion-progress::part(headline) { text-transform: uppercase; }`;
    document.head.append(style);
    const { part, parts } = await mount({ sample: 'running' });
    const styleOf = (name: string) => getComputedStyle(part(name) ?? document.body);
    expect(styleOf('headline').textTransform).to.equal('uppercase');
    expect(styleOf('track').height).to.equal('20px');
    expect(getComputedStyle(parts('fill')[0] ?? document.body).backgroundColor).to.equal('rgb(1, 2, 3)');
  });

  it('are not needed: where the page gives no font, the element brings a plain one', async () => {
    const { part } = await mount({ sample: 'running' });
    expect(getComputedStyle(part('base') ?? document.body).fontFamily).to.contain('system-ui');
    const host = cleanUp(document.createElement('div'));
    host.style.fontFamily = 'Georgia';
    document.body.append(host);
    const inside = await mount({ sample: 'running', parent: host });
    expect(getComputedStyle(inside.part('base') ?? document.body).fontFamily).to.equal('Georgia');
  });
});

describe('Room', () => {
  const LOST = { state: 'disconnected', reason: 'exhausted', error: null } as const;
  const CONTROL = { scopes: ['ingestion:control'], connection: LOST } as const;

  function room(width: number, font: string): HTMLElement {
    const host = cleanUp(document.createElement('div'));
    host.style.cssText = `width: ${String(width)}px; font: ${font} sans-serif`;
    document.body.append(host);
    return host;
  }

  for (const width of [240, 320, 420, 760, 1200]) {
    it(`is enough at ${String(width)} px, at twice the text size and in the longest words`, async () => {
      const parent = room(width, '28px/1.4');
      const phases = SAMPLES.failedRetryable.phases.map((each) => ({
        ...each,
        name: `${each.name}nachbearbeitung`,
      }));
      for (const progress of [SAMPLES.running, { ...SAMPLES.failedRetryable, phases }, SAMPLES.partial]) {
        const { element } = await mount({ progress, ...CONTROL, parent });
        expect(element.scrollWidth, progress.status).to.be.at.most(width);
        element.remove();
      }
    });
  }

  it('is enough on one line of 24 px, also for two buttons', async () => {
    for (const width of [240, 320, 420, 760]) {
      const parent = room(width, '14px/20px');
      for (const sample of ['running', 'failedRetryable', 'partial'] as const) {
        const { element } = await mount({ sample, ...CONTROL, parent, attributes: { compact: '' } });
        expect([element.scrollWidth <= width, element.offsetHeight], sample).to.deep.equal([true, 24]);
      }
    }
  });

  it('lets no line run into the next where the page sets line heights in pixels', async () => {
    const { part } = await mount({ sample: 'running', parent: room(320, '28px/20px') });
    const { lineHeight, fontSize } = getComputedStyle(part('headline') ?? document.body);
    expect(parseFloat(lineHeight)).to.be.greaterThan(1.3 * parseFloat(fontSize));
  });

  it('breaks no word of a button or a badge', async () => {
    const { part } = await mount({
      ...CONTROL,
      knowledge: 'none',
      connection: { state: 'unauthorized', error: { code: 'FORBIDDEN', message: '' } },
      parent: room(480, '14px/20px'),
    });
    for (const name of ['badge-word', 'reconnect-button']) {
      expect(part(name)?.getBoundingClientRect().height, name).to.be.lessThan(30);
    }
  });
});
