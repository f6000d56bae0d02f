/** `token-url`: a token without a script, which markup alone must not be able to send to a stranger. */
import { expect } from '@esm-bundle/chai';
import { allowTokenTo, type IngestionProgressElement } from '@ingestion-progress/widget';
import { SAMPLES } from '../../../storybook/samples.js';
import { cleanUp, settled } from './support/mount.js';
import { waitUntil } from './support/wait-until.js';
import { startPageServer } from './support/page-server.js';

const server = startPageServer();
const refuseAll = window.fetch;
const asked: { readonly url: URL; readonly init: RequestInit }[] = [];
const warnings: string[] = [];
const { warn } = console;
let count = 0;

/** The host's answer to each request for a token. */
function answerWith(answer: () => Response): void {
  window.fetch = (url, init = {}) => {
    asked.push({ url: new URL(String(url)), init });
    return Promise.resolve(answer());
  };
}

/** An element from markup alone, as a CMS or innerHTML makes it. */
function fromMarkup(attributes: string): IngestionProgressElement {
  const host = cleanUp(document.createElement('div'));
  host.innerHTML = `<ingestion-progress project-id="p1" ${attributes}></ingestion-progress>`;
  document.body.append(host);
  return host.firstElementChild as IngestionProgressElement;
}

const isConnected = (element: IngestionProgressElement) => () => element.connectionState === 'connected';

describe('token-url', () => {
  beforeEach(() => {
    count += 1;
    server.reset();
    server.set('p1', { ...SAMPLES.running, projectId: 'p1' });
    asked.length = warnings.length = 0;
    console.warn = (text: string) => warnings.push(text);
    answerWith(() => new Response('my.token-1'));
  });
  afterEach(() => {
    console.warn = warn;
    window.fetch = refuseAll;
  });
  after(() => {
    server.restore();
  });

  it('gives the token as text, asked for with the cookies of its own origin alone', async () => {
    const element = fromMarkup(`endpoint="/t-${String(count)}" token-url="/my-token"`);
    await waitUntil(isConnected(element));
    expect(server.tokens).to.deep.equal(['my.token-1']);
    const [{ url, init } = {}] = asked;
    expect(url?.href).to.equal(new URL('/my-token', location.href).href);
    expect([init?.credentials, init?.mode, init?.cache]).to.deep.equal([
      'same-origin',
      'same-origin', // no redirect leads to another origin
      'no-store',
    ]);
  });

  it('gives it as JSON, to all elements below a provider, over one socket', async () => {
    answerWith(() => new Response('{"token": "from-json"}'));
    const host = cleanUp(document.createElement('div'));
    host.innerHTML = `<ingestion-provider endpoint="/t-${String(count)}" token-url="/my-token">
      <ingestion-progress project-id="p1"></ingestion-progress>
      <ingestion-progress project-id="p2"></ingestion-progress></ingestion-provider>`;
    document.body.append(host);
    for (const element of host.querySelectorAll('ingestion-progress')) await waitUntil(isConnected(element));
    expect(server.tokens).to.deep.equal(['from-json']);
    expect(asked.length).to.equal(1);
  });

  it('yields to the property getToken', async () => {
    const element = document.createElement('ingestion-progress');
    Object.assign(element, { projectId: 'p1', endpoint: `/t-${String(count)}`, tokenUrl: '/my-token' });
    element.getToken = () => 'of the script';
    document.body.append(cleanUp(element));
    await waitUntil(isConnected(element));
    expect([server.tokens, asked.length]).to.deep.equal([['of the script'], 0]);
  });

  for (const [what, attributes] of [
    ['endpoint', 'endpoint="https://stranger.example/graphql"'],
    ['ws-endpoint', 'endpoint="/graphql" ws-endpoint="wss://stranger.example/graphql"'],
    ['ws-endpoint without a scheme', 'endpoint="/graphql" ws-endpoint="//stranger.example/graphql"'],
    ['polled endpoint', 'transport="polling" endpoint="https://stranger.example/graphql"'],
  ] as const) {
    it(`never reaches a stranger's ${what}: an error, and no request`, async () => {
      const element = fromMarkup(`${attributes} token-url="/my-token"`);
      await waitUntil(() => element.connectionState === 'error');
      await settled(element);
      expect(element.connectionError?.code).to.equal('ENDPOINT_NOT_ALLOWED');
      expect(element.connectionError?.message).to.contain("stranger.example'])");
      expect([asked.length, server.totalCount]).to.deep.equal([0, 0]);
      expect(element.shadowRoot?.querySelector('[part~="reconnect-button"]')).to.equal(null);
    });
  }

  it('reaches another origin that a script allowed, also later', async () => {
    const element = fromMarkup('endpoint="https://friend.example/graphql" token-url="/my-token"');
    await waitUntil(() => element.connectionState === 'error');
    allowTokenTo(['https://friend.example']);
    await waitUntil(isConnected(element));
    expect(server.tokens).to.deep.equal(['my.token-1']);
  });

  it('reaches its own origin, which has given the token', async () => {
    const element = fromMarkup(
      'endpoint="https://api.example/graphql" token-url="https://api.example/my-token"',
    );
    await waitUntil(isConnected(element));
    expect(asked[0]?.init.mode).to.equal('cors');
  });

  for (const [what, answer] of [
    ['a login page', () => new Response('<!doctype html><p>Log in</p>')],
    ['a refusal', () => new Response('', { status: 401 })],
    ['a redirect to another origin', () => redirected('https://stranger.example/my-token')],
  ] as const) {
    it(`is no token if the answer is ${what}, and the console says so`, async () => {
      answerWith(answer);
      const url = `/my-token-${String(count)}`;
      const element = fromMarkup(`endpoint="/t-${String(count)}" token-url="${url}"`);
      await waitUntil(() => element.connectionState === 'reconnecting');
      expect(element.connectionError?.code).to.equal('TOKEN_UNAVAILABLE');
      expect(warnings.join()).to.contain(`${url} `);
      expect(server.totalCount).to.equal(0);
    });
  }
});

function redirected(to: string): Response {
  const response = new Response('token');
  Object.defineProperty(response, 'redirected', { value: true });
  Object.defineProperty(response, 'url', { value: to });
  return response;
}

describe('A getToken', () => {
  for (const [what, getToken, words] of [
    [
      'returns an object',
      () => ({ token: 'x' }),
      'getToken must return a non-empty string, not a value of type object',
    ],
    ['rejects', () => Promise.reject(new Error('no session')), 'getToken failed: Error: no session'],
  ] as const) {
    it(`that ${what} is named in the console`, async () => {
      warnings.length = 0;
      console.warn = (text: string) => warnings.push(text);
      const element = document.createElement('ingestion-progress');
      Object.assign(element, { projectId: 'p1', endpoint: `/named-${what.length.toString()}`, getToken });
      document.body.append(cleanUp(element));
      await waitUntil(() => element.connectionState === 'reconnecting');
      console.warn = warn;
      expect(warnings.join()).to.contain(`TOKEN_UNAVAILABLE: ${words}`);
    });
  }
});
