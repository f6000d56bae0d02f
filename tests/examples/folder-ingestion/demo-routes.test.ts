/** Who may make the demo read the disk, over real HTTP. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import jwt from 'jsonwebtoken';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDemoRoutes } from '../../../examples/folder-ingestion/web/demo-routes.js';
import { createPageFiles } from '../../../examples/folder-ingestion/web/page-files.js';
import { createSameOrigin } from '../../../examples/folder-ingestion/web/same-origin.js';
import { createTokens } from '../../../examples/folder-ingestion/web/tokens.js';
import { openSources } from '../../../examples/folder-ingestion/sources.js';
import { openCollections } from '../../../examples/folder-ingestion/job/collections.js';
import { createTemporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.js';

const PAGE = new URL('../../../examples/folder-ingestion/page/', import.meta.url);
const SECRET = 'a secret of thirty-two characters, at least';

let scratch: TemporaryDirectory;
let server: Server;
let port: number;
let started: string[];
const tokens = createTokens({ secret: SECRET, issuer: null, audience: null, projectId: 'p' });

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface RequestOptions {
  readonly method?: string;
  readonly host?: string;
  readonly origin?: string | null;
  readonly token?: string | null;
  readonly body?: string;
  readonly type?: string;
}

async function send(path: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = 'POST', host = `127.0.0.1:${port}`, origin = `http://${host}`, body = '' } = options;
  const token = options.token === undefined ? tokens.issue().token : options.token;
  const headers: Record<string, string> = { host, 'content-type': options.type ?? 'application/json' };
  if (origin !== null) headers['origin'] = origin;
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  const sent = request({ port, path, method, headers });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, body: text, headers: response.headers };
}

const ingest = (folder: unknown, options: RequestOptions = {}) =>
  send('/demo/ingest', { body: JSON.stringify({ folder }), ...options });

beforeEach(async () => {
  scratch = createTemporaryDirectory();
  started = [];
  const root = join(scratch.path, 'given');
  mkdirSync(join(root, 'inside'), { recursive: true });
  mkdirSync(join(scratch.path, 'given-not'));
  writeFileSync(join(root, 'file.md'), 'text');
  symlinkSync('/etc', join(root, 'out'));
  const sources = await openSources(root, scratch.path);
  const routes = createDemoRoutes({
    pageFiles: createPageFiles(PAGE, new URL('nothing', PAGE), false),
    sources,
    collections: await openCollections(join(scratch.path, 'data')),
    tokens,
    isOwnPage: createSameOrigin('127.0.0.1', () => `http://127.0.0.1:${port}`),
    search: {
      find: () => Promise.resolve(null),
      use: () => Promise.resolve(),
      dispose: () => Promise.resolve(),
    },
    job: {
      source: null,
      stop: () => Promise.resolve(),
      start: (source) => {
        started.push(sources.nameOf(source));
        return Promise.resolve({ ingestionId: 'i1', ended: Promise.resolve('completed' as const) });
      },
    },
  });
  server = createServer((incoming, response) => {
    void routes(incoming, response).then((isAnswered) => isAnswered || response.writeHead(418).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  scratch.delete();
});

describe('an ingestion', () => {
  it('starts for the page of this server, under any name of this machine', async () => {
    expect(await ingest('')).toMatchObject({ status: 200, body: '{"ingestionId":"i1"}' });
    expect(await ingest('inside', { host: `localhost:${port}` })).toMatchObject({ status: 200 });
    expect(started).toEqual(['given', 'given/inside']);
  });

  it.each([
    ['another origin', { origin: 'http://evil.test' }, 403],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['no origin', { origin: null }, 403],
    ['a foreign name that resolves to this address', { host: 'evil.test', origin: 'http://evil.test' }, 403],
    ['no token', { token: null }, 401],
    [
      'a token of another subject',
      { token: jwt.sign({ projects: '*' }, SECRET, { subject: 'other', expiresIn: 60 }) },
      401,
    ],
    [
      'a token that has expired',
      { token: jwt.sign({}, SECRET, { subject: 'demo-page', expiresIn: -1 }) },
      401,
    ],
    ['an unsigned token', { token: jwt.sign({}, '', { subject: 'demo-page', algorithm: 'none' }) }, 401],
    ['a form, which needs no preflight', { type: 'text/plain' }, 415],
  ])('does not start for %s', async (_who, options, status) => {
    expect(await ingest('inside', options)).toMatchObject({ status });
    expect(started).toEqual([]);
  });

  it.each([
    ['..'],
    ['../given-not'],
    ['/etc'],
    ['out'],
    ['out/ssl'],
    ['nowhere'],
    ['file.md'],
    ['inside/../..'],
    ['a\0b'],
  ])('does not start outside the given folder, with %j', async (folder) => {
    const { status, body } = await ingest(folder);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'BAD_USER_INPUT' } });
    expect(started).toEqual([]);
  });

  it.each([['{'], ['[]'], ['{"folder":1}'], [JSON.stringify({ folder: 'x'.repeat(10_000) })]])(
    'does not start for the body %j',
    async (body) => {
      expect((await send('/demo/ingest', { body })).status).toBeGreaterThanOrEqual(400);
      expect(started).toEqual([]);
    },
  );
});

describe('a token of the page', () => {
  it('is issued only to the page, and does not permit reports', async () => {
    const { status, body, headers } = await send('/demo/session', { token: null });
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    const claims = jwt.decode((JSON.parse(body) as { token: string }).token);
    expect(claims).toMatchObject({ projects: ['p'], scope: 'progress:read ingestion:control' });
    expect(await send('/demo/session', { token: null, origin: 'http://evil.test' })).toMatchObject({
      status: 403,
    });
    expect(await send('/demo/session', { token: null, host: 'evil.test' })).toMatchObject({ status: 403 });
  });
});

describe('the collection', () => {
  it('is readable only with a token of the page, and not under another host name', async () => {
    expect(await send('/demo/collection', { method: 'GET', origin: null })).toMatchObject({ status: 200 });
    for (const path of ['/demo/collection', '/demo/search?q=a']) {
      expect(await send(path, { method: 'GET', token: null })).toMatchObject({ status: 401 });
      expect(await send(path, { method: 'GET', host: `evil.test:${port}` })).toMatchObject({ status: 403 });
    }
    expect(await send('/demo/search?q=a', { method: 'GET' })).toMatchObject({ status: 409 });
  });
});

describe('the page', () => {
  it('has a policy that allows no external sources', async () => {
    const { headers, body } = await send('/', { method: 'GET', token: null, origin: null });
    expect(String(headers['content-security-policy'])).toContain("default-src 'none'");
    expect(String(headers['content-security-policy'])).not.toContain('unsafe');
    expect(body).toContain('<ingestion-progress');
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=/);
  });

  it('leaves every other path to the server', async () => {
    expect(await send('/graphql')).toMatchObject({ status: 418 });
    expect(await send('/page.css', { method: 'POST' })).toMatchObject({ status: 418 });
    expect(await send('/demo/../../etc/passwd', { method: 'GET' })).toMatchObject({ status: 418 });
    expect(await send('/demo/nothing', { method: 'GET' })).toMatchObject({ status: 404 });
  });
});
