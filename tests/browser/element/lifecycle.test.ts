/** The element's lifecycle: connecting, moving, changing settings, disconnecting; with the real client and a server inside the page. */
import { expect } from '@esm-bundle/chai';
import type { IngestionProgressElement, Progress } from '@ingestion-progress/widget';
import { SAMPLES } from '../../../storybook/samples.js';
import { cleanUp, settled } from './support/mount.js';
import { waitUntil } from './support/wait-until.js';
import { turn } from './support/page-clock.js';
import { startPageServer, type PageServer } from './support/page-server.js';

const server: PageServer = startPageServer();
let endpointCount = 0;

/** A current state of one project. */
function stateOf(projectId: string, change: Partial<Progress> = {}): Progress {
  const now = Date.now();
  return { ...SAMPLES.running, projectId, startedAt: now - 60_000, updatedAt: now, ...change };
}

/** An element with its own endpoint, so that tests don't share a connection. */
function create(attributes: Readonly<Record<string, string>>): IngestionProgressElement {
  const element = cleanUp(document.createElement('ingestion-progress'));
  const all = { endpoint: `/graphql-${String(endpointCount)}`, token: 'token', ...attributes };
  for (const [name, value] of Object.entries(all)) element.setAttribute(name, value);
  return element;
}

const sharedGetToken = (): string => 'shared';
const isConnected = (element: IngestionProgressElement) => () => element.connectionState === 'connected';

describe('The element on a page', () => {
  beforeEach(() => {
    endpointCount += 1;
    sessionStorage.clear();
    server.reset();
    server.set('p1', stateOf('p1'));
    server.set('p2', stateOf('p2', { id: 'second', progressPercent: 77 }));
  });
  after(() => {
    server.restore();
  });

  it('connects, and shows what the server knows', async () => {
    const element = create({ 'project-id': 'p1' });
    document.body.append(element);
    await waitUntil(isConnected(element));
    await settled(element);
    expect(element.shadowRoot?.querySelector('[part~="percent"]')?.textContent).to.equal('30%');
    expect(server.tokens).to.deep.equal(['token']);
  });

  it('keeps a property that was set before the upgrade, and connects no sooner than it has it', async () => {
    const host = document.createElement('div');
    host.innerHTML = '<late-progress project-id="p1"></late-progress>';
    const late = host.firstElementChild as HTMLElement & {
      endpoint: string;
      token: string;
    };
    late.endpoint = `/graphql-${String(endpointCount)}`;
    late.token = 'token';
    document.body.append(cleanUp(host));
    const Base = customElements.get('ingestion-progress') as typeof IngestionProgressElement;
    customElements.define('late-progress', class extends Base {});
    const element = late as unknown as IngestionProgressElement;
    await waitUntil(isConnected(element));
    expect(element.projectId).to.equal('p1');
    expect(Object.hasOwn(element, 'token')).to.equal(false);
    expect(server.tokens).to.deep.equal(['token']);
  });

  it('keeps its one socket while it moves in the document', async () => {
    await waitUntil(() => server.openCount === 0, 'the elements of earlier tests have left');
    const element = create({ 'project-id': 'p1' });
    const left = cleanUp(document.createElement('div'));
    const right = cleanUp(document.createElement('div'));
    document.body.append(left, right);
    left.append(element);
    await waitUntil(isConnected(element));
    const changes: string[] = [];
    element.addEventListener('ingestion-connection-change', ({ detail }) => {
      changes.push(detail.connection.state);
    });
    for (const place of [right, left, right]) place.append(element);
    server.set('p1', stateOf('p1', { revision: 2, progressPercent: 31 }));
    await waitUntil(() => element.progress?.revision === 2);
    expect([server.totalCount, server.openCount, changes]).to.deep.equal([1, 1, []]);
  });

  it('leaves no socket behind when it is removed', async () => {
    const element = create({ 'project-id': 'p1' });
    document.body.append(element);
    await waitUntil(isConnected(element));
    element.remove();
    await waitUntil(() => server.openCount === 0, 'the socket is given back');
    server.set('p1', stateOf('p1', { revision: 9 }));
    expect(element.progress?.revision).to.equal(1);
  });

  it('comes back after it was removed', async () => {
    const element = create({ 'project-id': 'p1' });
    document.body.append(element);
    await waitUntil(isConnected(element));
    element.remove();
    await waitUntil(() => server.openCount === 0, 'the socket is given back');
    document.body.append(element);
    await waitUntil(() => server.openCount === 1);
    await waitUntil(isConnected(element));
  });

  it('shows the last state at once when somebody comes back, without a word of connecting', async () => {
    const mine = { 'project-id': 'p1', token: `e30.${btoa('{"sub":"ann"}')}.x` }; // remembered for her alone
    const first = create(mine);
    document.body.append(first);
    await waitUntil(isConnected(first));
    first.remove();
    await waitUntil(() => server.openCount === 0);
    const goOn = server.hold();
    const second = create(mine);
    document.body.append(second);
    await waitUntil(() => second.progress !== null);
    await settled(second);
    expect(second.connectionState).to.equal('connecting');
    const shown = (part: string) => second.shadowRoot?.querySelector(`[part~="${part}"]`)?.textContent;
    expect([shown('percent'), shown('badge')]).to.deep.equal(['30%', undefined]);
    goOn();
    await waitUntil(isConnected(second));
  });

  it('reuses its socket when it is taken out and put back, or replaced by another', async () => {
    const element = create({ 'project-id': 'p1' });
    document.body.append(element);
    await waitUntil(isConnected(element));
    for (let times = 0; times < 3; times += 1) {
      element.remove();
      await turn();
      document.body.append(element);
      await waitUntil(isConnected(element));
    }
    const next = create({ 'project-id': 'p2' });
    element.replaceWith(next);
    await waitUntil(isConnected(next));
    next.projectId = 'p1';
    await waitUntil(() => next.progress?.projectId === 'p1');
    expect(server.totalCount).to.equal(1);
    next.remove();
    await waitUntil(() => server.openCount === 0, 'the socket is closed');
  });

  it('does not reconnect for a new getToken on each render, and asks the newest one next', async () => {
    const element = create({ 'project-id': 'p1', token: '' });
    const asked: number[] = [];
    const states: string[] = [];
    let renders = 0;
    const render = (): void => {
      const number = (renders += 1);
      element.getToken = () => {
        asked.push(number);
        return `token ${String(number)}`;
      };
    };
    element.addEventListener('ingestion-connection-change', ({ detail }) => {
      states.push(detail.connection.state);
      if (states.length < 50) render(); // a parent that stores the state
    });
    render();
    document.body.append(element);
    await waitUntil(isConnected(element));
    for (let times = 0; times < 20; times += 1) {
      render();
      await turn();
    }
    expect([server.totalCount, asked.length]).to.deep.equal([1, 1]);
    expect(states).to.deep.equal(['connecting', 'connected']);
    server.drop();
    await waitUntil(() => element.connectionState === 'reconnecting');
    element.disconnect(); // the last token is forgotten with the last subscriber
    await waitUntil(() => server.openCount === 0);
    element.reconnect();
    await waitUntil(isConnected(element));
    expect(asked).to.deep.equal([1, renders - 2]);
  });

  it('gives an element the tokens of no other element that still has the previous function', async () => {
    const pair = [
      create({ 'project-id': 'p1', token: '' }),
      create({ 'project-id': 'p1', token: '' }),
    ] as const;
    for (const element of pair) {
      element.getToken = sharedGetToken;
      document.body.append(element);
    }
    await Promise.all(pair.map((element) => waitUntil(isConnected(element))));
    expect(server.tokens).to.deep.equal(['shared']);
    for (const element of pair) element.getToken = () => 'of both'; // two functions: one each
    await waitUntil(() => server.totalCount === 2);
    await Promise.all(pair.map((element) => waitUntil(isConnected(element))));
    expect(server.tokens).to.deep.equal(['shared', 'of both']);
  });

  it('drops late answers of the project it followed before', async () => {
    const element = create({ 'project-id': 'p1' });
    document.body.append(element);
    await Promise.resolve();
    element.projectId = 'p2'; // still connecting for p1
    await waitUntil(() => element.progress !== null);
    server.set('p1', stateOf('p1', { revision: 5, progressPercent: 99 }));
    server.set('p2', stateOf('p2', { id: 'second', revision: 2, progressPercent: 78 }));
    await waitUntil(() => element.progress?.revision === 2);
    expect(element.progress?.projectId).to.equal('p2');
    await settled(element);
    expect(element.shadowRoot?.querySelector('[part~="percent"]')?.textContent).to.equal('78%');
  });

  it('shows two elements of one project the same moment over one socket', async () => {
    const pair = [create({ 'project-id': 'p1' }), create({ 'project-id': 'p1', compact: '' })] as const;
    document.body.append(...pair);
    await Promise.all(pair.map((element) => waitUntil(isConnected(element))));
    expect(server.totalCount).to.equal(1);
    server.set('p1', stateOf('p1', { revision: 2, progressPercent: 55 }));
    await waitUntil(() => pair.every((element) => element.progress?.revision === 2));
    expect(pair[1].progress).to.deep.equal(pair[0].progress);
    expect(server.totalCount).to.equal(1);
  });

  it('says so, once, when project-id is missing, and starts when it comes', async () => {
    const errors: (string | undefined)[] = [];
    const element = create({});
    element.addEventListener('ingestion-connection-change', ({ detail }) => {
      if (detail.connection.state === 'error') errors.push(detail.error?.code);
    });
    document.body.append(element);
    await settled(element);
    expect(element.shadowRoot?.textContent).to.contain('Missing project-id');
    expect(errors).to.deep.equal(['PROJECT_ID_MISSING']);
    element.projectId = 'p1';
    await waitUntil(isConnected(element));
    expect(errors.length).to.equal(1);
  });

  it('connects to nothing and shows that it is loading, as long as it is told to skip', async () => {
    const element = create({ skip: '' });
    const states: string[] = [];
    element.addEventListener('ingestion-connection-change', ({ detail }) => {
      states.push(detail.connection.state);
    });
    document.body.append(element);
    await settled(element);
    expect(element.shadowRoot?.textContent).to.contain('Loading progress');
    expect([server.totalCount, states]).to.deep.equal([0, []]);
    Object.assign(element, { projectId: 'p1', skip: false });
    await waitUntil(isConnected(element));
    element.skip = true;
    await waitUntil(() => element.connectionState === 'idle');
    expect(element.progress).to.equal(null);
  });

  it('explains a wrong endpoint and a wrong project-id, with a code in the event and nothing thrown', async () => {
    for (const [attributes, code, words] of [
      [{ endpoint: 'ftp://x', 'project-id': 'p1' }, 'ENDPOINT_INVALID', 'Invalid endpoint'],
      [{ 'project-id': 'a\nb' }, 'PROJECT_ID_INVALID', 'Invalid project-id'],
    ] as const) {
      const element = create(attributes);
      const codes: (string | undefined)[] = [];
      element.addEventListener('ingestion-connection-change', ({ detail }) => codes.push(detail.error?.code));
      document.body.append(element);
      await settled(element);
      expect(codes).to.deep.equal([code]);
      expect(element.shadowRoot?.textContent).to.contain(words);
    }
    expect(server.totalCount).to.equal(0);
  });

  it('stops with an explanation and one warning if project-id becomes invalid, and continues once it is fixed', async () => {
    const warnings: unknown[] = [];
    const { warn } = console;
    console.warn = (text: unknown) => warnings.push(text);
    try {
      const element = create({ 'project-id': 'p1' });
      document.body.append(element);
      await waitUntil(isConnected(element));
      element.projectId = '..';
      await waitUntil(() => element.connectionError?.code === 'PROJECT_ID_INVALID');
      await settled(element);
      expect(element.shadowRoot?.textContent).to.contain('Invalid project-id');
      expect(warnings.length).to.equal(1);
      element.projectId = 'p2';
      await waitUntil(() => element.progress?.projectId === 'p2');
    } finally {
      console.warn = warn;
    }
  });

  it('reflects compact and transport, and nothing else, least of all a token', async () => {
    const element = create({});
    document.body.append(element);
    const before = new Set(element.getAttributeNames());
    Object.assign(element, {
      compact: true,
      transport: 'polling',
      token: 'another',
      label: 'Books',
      once: true,
      allowRetry: true,
      allowCancel: true,
      stalledAfter: 5,
      ingestionId: 'x',
      wsEndpoint: 'ws://x/y',
    });
    await settled(element);
    expect(element.getAttributeNames().filter((name) => !before.has(name))).to.have.members([
      'compact',
      'transport',
    ]);
    expect(element.getAttribute('token')).to.equal('token');
  });

  it('is as before where an attribute is taken away again, with no empty heading in its place', async () => {
    const element = create({ 'project-id': 'p1' });
    document.body.append(element);
    expect(element.hasAttribute('transport')).to.equal(false); // a default is not written into the host's markup
    const attributes = { label: 'Books', transport: 'polling', 'stalled-after': '5' };
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    await settled(element);
    for (const name of Object.keys(attributes)) element.removeAttribute(name);
    await settled(element);
    expect([element.label, element.transport, element.stalledAfter]).to.deep.equal(['', 'auto', 45]);
    expect(element.shadowRoot?.querySelector('[part~="heading"]')).to.equal(null);
  });

  it('stops and starts by disconnect() and reconnect()', async () => {
    const element = create({ 'project-id': 'p1' });
    document.body.append(element);
    await waitUntil(isConnected(element));
    element.disconnect();
    expect(element.connectionState).to.equal('disconnected');
    await waitUntil(() => server.openCount === 0);
    element.reconnect();
    await waitUntil(isConnected(element));
    expect(element.progress?.id).to.equal('sample');
  });

  it('stops alone if another element follows the same project', async () => {
    const one = create({ 'project-id': 'p1' });
    const other = create({ 'project-id': 'p1' });
    document.body.append(one, other);
    await waitUntil(() => isConnected(one)() && isConnected(other)());
    one.disconnect();
    expect(one.connectionState).to.equal('disconnected');
    expect(other.connectionState).to.equal('connected');
    server.set('p1', stateOf('p1', { revision: 7, progressPercent: 61 }));
    await waitUntil(() => other.progress?.progressPercent === 61);
    one.reconnect();
    await waitUntil(() => isConnected(one)() && one.progress?.progressPercent === 61);
    expect(server.totalCount).to.equal(1);
  });

  it('fires its events once per change, bubbling and composed', async () => {
    const element = create({ 'project-id': 'p1' });
    const heard: string[] = [];
    const listen = (event: Event) => {
      heard.push(event.type);
      expect([event.bubbles, event.composed]).to.deep.equal([true, true]);
    };
    const names = ['ingestion-progress', 'ingestion-phase-started', 'ingestion-complete'] as const;
    for (const name of names) document.addEventListener(name, listen);
    document.body.append(element);
    await waitUntil(isConnected(element));
    const phases = SAMPLES.skipped.phases;
    server.set('p1', stateOf('p1', { revision: 2, currentPhase: 4, progressPercent: 86, phases }));
    server.set('p1', { ...SAMPLES.completed, projectId: 'p1', revision: 3 });
    await waitUntil(() => element.progress?.status === 'COMPLETED');
    for (const name of names) document.removeEventListener(name, listen);
    expect(heard).to.deep.equal([
      'ingestion-phase-started',
      'ingestion-phase-started',
      'ingestion-progress',
      'ingestion-progress',
      'ingestion-complete',
    ]);
  });
});
