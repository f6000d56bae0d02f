/** Wrong use of the element: warned about once in the console, never thrown. */
import { expect } from '@esm-bundle/chai';
import { cleanUp, mount, settled, wrap, type Mounted } from './support/mount.js';
import { createStaticClient } from '../../../storybook/static-client.js';
import { startPageServer } from './support/page-server.js';
import { waitUntil } from './support/wait-until.js';
import { SAMPLES } from '../../../storybook/samples.js';

const server = startPageServer();
const warnings: string[] = [];
const thrown: string[] = [];
const { warn } = console;
const catchThrown = (event: ErrorEvent | PromiseRejectionEvent): void => {
  thrown.push(String('reason' in event ? event.reason : event.message));
  event.preventDefault();
};

/** An element with properties as untyped pages may set them. */
function create(properties: Readonly<Record<string, unknown>>): Mounted {
  const element = cleanUp(document.createElement('ingestion-progress'));
  Object.assign(element, { endpoint: '/graphql', projectId: 'p1', token: 'token' }, properties);
  document.body.append(element);
  return wrap(element, createStaticClient());
}

describe('A property of the wrong type', () => {
  beforeEach(() => {
    server.reset();
    server.set('p1', { ...SAMPLES.running, projectId: 'p1' });
    warnings.length = 0;
    thrown.length = 0;
    console.warn = (text: string) => warnings.push(text);
    window.addEventListener('error', catchThrown);
    window.addEventListener('unhandledrejection', catchThrown);
  });
  afterEach(() => {
    console.warn = warn;
    window.removeEventListener('error', catchThrown);
    window.removeEventListener('unhandledrejection', catchThrown);
  });
  after(() => {
    server.restore();
  });

  for (const [name, value] of [
    ['client', {}],
    ['getToken', 'a token'],
    ['endpoint', 42],
    ['wsEndpoint', {}],
    ['token', 7],
  ] as const) {
    it(`is ignored with one warning (${name}), as if it were not there`, async () => {
      const pair = [create({ [name]: value }), create({ [name]: value })];
      for (const { element } of pair) await waitUntil(() => element.connectionState === 'connected');
      expect(warnings).to.deep.equal([`<ingestion-progress>: Ignoring invalid value for ${name}.`]);
      expect(thrown).to.deep.equal([]);
    });
  }

  it('that is empty is none: the usual endpoint, no token', async () => {
    const { element } = create({ endpoint: '', wsEndpoint: '', token: '' });
    await waitUntil(() => element.connectionState === 'connected');
    expect([...warnings, ...thrown]).to.deep.equal([]);
  });
});

describe('A sentence of the wrong type', () => {
  it('is ignored with a warning, also where nobody develops, and the others are said', async () => {
    warnings.length = 0;
    console.warn = (text: string) => warnings.push(text);
    try {
      const { element, text, settled } = await mount({ sample: 'cancelled' });
      element.messages = { cancelled: 42, stoppedAt: 'Got to {percent}' } as never;
      await settled();
      expect(text('headline')).to.equal('Cancelled');
      expect(text('detail')).to.contain('Got to ');
      expect(warnings.length).to.equal(1);
      expect(warnings[0]).to.contain('messages.cancelled');
    } finally {
      console.warn = warn;
    }
  });
});

describe('A function that a framework wrote into an attribute', () => {
  it('is named in the console', async () => {
    warnings.length = 0;
    console.warn = (text: string) => warnings.push(text);
    try {
      await mount({ attributes: { 'get-token': '() => token' } });
      expect(warnings.length).to.equal(1);
      expect(warnings[0]).to.contain('The attribute get-token has no effect: set the property.');
    } finally {
      console.warn = warn;
    }
  });
});

describe('A slot that does not exist', () => {
  it('is warned about once by name, whenever its content arrives, and nothing is thrown', async () => {
    warnings.length = 0;
    console.warn = (text: string) => warnings.push(text);
    try {
      const { element } = await mount({ sample: 'running' });
      element.innerHTML = 'fallback <b>without</b><i slot="heading">Books</i><i slot="actions">Stop</i>';
      element.requestUpdate();
      await settled(element);
      expect(warnings).to.deep.equal([]);
      element.insertAdjacentHTML('beforeend', '<i slot="title">Books</i><i slot="title">More</i>');
      for (let times = 0; times < 2; times += 1) {
        element.requestUpdate();
        await settled(element);
      }
      expect(warnings).to.deep.equal([
        '<ingestion-progress>: Ignoring unknown slot "title". Use heading, metrics, actions, complete or error.',
      ]);
    } finally {
      console.warn = warn;
    }
  });
});
