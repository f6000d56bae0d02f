/** `<ingestion-provider>`: one place for endpoint, token and messages, whatever is upgraded first. */
import { expect } from '@esm-bundle/chai';
import {
  IngestionProviderElement,
  type GetToken,
  type IngestionProgressElement,
  type Progress,
} from '@ingestion-progress/widget';
import { SAMPLES } from '../../../storybook/samples.js';
import { cleanUp, settled } from './support/mount.js';
import { turn } from './support/page-clock.js';
import { waitUntil } from './support/wait-until.js';
import { startPageServer } from './support/page-server.js';

const server = startPageServer({ scopes: ['ingestion:control'] });
let count = 0;

function stateOf(projectId: string): Progress {
  const now = Date.now();
  return { ...SAMPLES.running, projectId, startedAt: now, updatedAt: now };
}

function html(text: string): HTMLElement {
  const host = cleanUp(document.createElement('div'));
  host.innerHTML = text;
  return host;
}

const all = (host: Element): IngestionProgressElement[] => [...host.querySelectorAll('ingestion-progress')];

describe('The provider', () => {
  before(() => {
    // defined by now; the tests begin with a page where it is
    expect(customElements.get('ingestion-provider')).to.equal(IngestionProviderElement);
  });
  beforeEach(() => {
    count += 1;
    server.reset();
    for (const projectId of ['p1', 'p2']) server.set(projectId, stateOf(projectId));
  });
  after(() => {
    server.restore();
  });

  it('gives endpoint and token to every element below, over one socket', async () => {
    const host = html(`<ingestion-provider endpoint="/shared-${String(count)}" token="secret">
        <ingestion-progress project-id="p1"></ingestion-progress>
        <div><ingestion-progress project-id="p2"></ingestion-progress></div>
      </ingestion-provider>`);
    document.body.append(host);
    for (const element of all(host)) await waitUntil(() => element.connectionState === 'connected');
    expect(server.totalCount).to.equal(1);
    expect(server.tokens).to.deep.equal(['secret']);
  });

  it('reaches into shadow roots, and yields to an own attribute', async () => {
    const host = html(
      `<ingestion-provider endpoint="/outer-${String(count)}" token="outer"><i></i></ingestion-provider>`,
    );
    const root = host.querySelector('i')?.attachShadow.call(document.createElement('div'), { mode: 'open' });
    const shell = root?.host as HTMLElement;
    host.querySelector('ingestion-provider')?.append(shell);
    if (root) root.innerHTML = '<ingestion-progress project-id="p1" token="inner"></ingestion-progress>';
    document.body.append(host);
    const element = root?.querySelector('ingestion-progress');
    await waitUntil(() => element?.connectionState === 'connected');
    expect(server.tokens).to.deep.equal(['inner']);
  });

  it('passes on a change of its settings', async () => {
    const host = html(`<ingestion-provider endpoint="/change-${String(count)}" token="one">
        <ingestion-progress project-id="p1"></ingestion-progress></ingestion-provider>`);
    document.body.append(host);
    const provider = host.querySelector('ingestion-provider');
    const [element] = all(host);
    await waitUntil(() => element?.connectionState === 'connected');
    const fresh: GetToken = () => 'two';
    if (provider) Object.assign(provider, { token: undefined, getToken: fresh });
    await waitUntil(() => server.tokens.length === 2);
    expect(server.tokens).to.deep.equal(['one', 'two']);
  });

  it('keeps its one socket when it is given a new getToken on each render', async () => {
    const host = html(`<ingestion-provider endpoint="/inline-${String(count)}">
        <ingestion-progress project-id="p1"></ingestion-progress>
        <ingestion-progress project-id="p2"></ingestion-progress></ingestion-provider>`);
    const provider = host.querySelector('ingestion-provider') as IngestionProviderElement;
    provider.getToken = () => 'first';
    document.body.append(host);
    for (const element of all(host)) await waitUntil(() => element.connectionState === 'connected');
    for (let times = 0; times < 5; times += 1) {
      provider.getToken = () => 'next';
      await turn();
    }
    for (const element of all(host)) expect(element.connectionState).to.equal('connected');
    expect([server.totalCount, server.tokens]).to.deep.equal([1, ['first']]);
  });

  it('no longer says anything to an element that moved out of it', async () => {
    const host = html(`<ingestion-provider endpoint="/left-${String(count)}" token="theirs">
        <ingestion-progress project-id="p1"></ingestion-progress></ingestion-provider>`);
    document.body.append(host);
    const [element] = all(host);
    await waitUntil(() => element?.connectionState === 'connected');
    if (element) host.append(element);
    await waitUntil(() => server.tokens.length === 2);
    expect(server.tokens).to.deep.equal(['theirs', undefined]);
  });

  it('gives its transport, where the element names none of its own', async () => {
    const host = html(`<ingestion-provider endpoint="/polls-${String(count)}" token="t" transport="polling">
        <ingestion-progress project-id="p1"></ingestion-progress></ingestion-provider>`);
    document.body.append(host);
    const [element] = all(host);
    await waitUntil(() => element?.connectionState === 'reconnecting'); // the page server answers no polls
    if (element) element.once = true; // bound anew, after its first render
    await waitUntil(() => element?.connectionState === 'reconnecting');
    expect(server.totalCount).to.equal(0);
  });

  it('gives its messages', async () => {
    const host = html(`<ingestion-provider endpoint="/words-${String(count)}" token="t">
        <ingestion-progress project-id="p1"></ingestion-progress></ingestion-provider>`);
    const provider = host.querySelector('ingestion-provider');
    if (provider) provider.messages = { phasePending: 'Next up' };
    document.body.append(host);
    const [element] = all(host);
    await waitUntil(() => element?.connectionState === 'connected');
    if (element) await settled(element);
    expect(element?.shadowRoot?.textContent).to.contain('Next up');
  });

  it('is found by an element that was upgraded before it', async () => {
    // a page whose provider comes late: the same classes under names of their own; an element beside it shows that
    // by then the one below could have connected, had it not waited
    const frame = cleanUp(document.createElement('iframe'));
    const ready = new Promise((resolve) => frame.addEventListener('load', resolve));
    frame.srcdoc = `<!doctype html><ingestion-provider endpoint="${location.origin}/late" token="late">
        <ingestion-progress project-id="p1"></ingestion-progress></ingestion-provider>
      <ingestion-progress endpoint="${location.origin}/beside" token="t" project-id="p1"></ingestion-progress>
      <script type="module">
        import { IngestionProgressElement, IngestionProviderElement } from '/widget/index.ts';
        const { dataset } = document.documentElement;
        const asked = new Promise((resolve) => {
          window.WebSocket = class extends EventTarget {
            static CONNECTING = 0; static OPEN = 1; static CLOSING = 2; static CLOSED = 3;
            constructor(url) {
              super();
              dataset.sockets = (dataset.sockets ?? '') + new URL(url).pathname;
              resolve();
            }
            close() {}
          };
        });
        customElements.define('ingestion-progress', IngestionProgressElement);
        await asked;
        dataset.early = dataset.sockets;
        customElements.define('ingestion-provider', IngestionProviderElement);
      </script>`;
    document.body.append(frame);
    await ready;
    const state = () => frame.contentDocument?.querySelector('html')?.dataset ?? {};
    await waitUntil(() => state()['sockets'] === '/beside/late', 'it connects');
    expect(state()['early']).to.equal('/beside');
  });
});
