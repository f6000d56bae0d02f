/** Who may ask the demo to read a disk, over real HTTP. */
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

interface Asked {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Question {
  readonly method?: string;
  readonly host?: string;
  readonly origin?: string | null;
  readonly token?: string | null;
  readonly body?: string;
  readonly type?: string;
}

async function ask(path: string, question: Question = {}): Promise<Asked> {
  const { method = 'POST', host = `127.0.0.1:${port}`, origin = `http://${host}`, body = '' } = question;
  const token = question.token === undefined ? tokens.issue().token : question.token;
  const headers: Record<string, string> = { host, 'content-type': question.type ?? 'application/json' };
  if (origin !== null) headers['origin'] = origin;
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  const asking = request({ port, path, method, headers });
  asking.end(body);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, body: text, headers: answer.headers };
}

const ingest = (folder: unknown, question: Question = {}) =>
  ask('/demo/ingest', { body: JSON.stringify({ folder }), ...question });

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
    pageFiles: createPageFiles(PAGE, new URL('nothing', PAGE)),
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
  it('begins for the page of this server, by any name of this machine', async () => {
    expect(await ingest('')).toMatchObject({ status: 200, body: '{"ingestionId":"i1"}' });
    expect(await ingest('inside', { host: `localhost:${port}` })).toMatchObject({ status: 200 });
    expect(started).toEqual(['given', 'given/inside']);
  });

  it.each([
    ['another origin', { origin: 'http://evil.test' }, 403],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['no origin', { origin: null }, 403],
    ['a name bent to this address', { host: 'evil.test', origin: 'http://evil.test' }, 403],
    ['no token', { token: null }, 401],
    [
      'a token of somebody else',
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
  ])('does not begin for %s', async (_who, question, status) => {
    expect(await ingest('inside', question)).toMatchObject({ status });
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
  ])('does not begin outside the folder that was given, with %j', async (folder) => {
    const { status, body } = await ingest(folder);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'BAD_USER_INPUT' } });
    expect(started).toEqual([]);
  });

  it.each([['{'], ['[]'], ['{"folder":1}'], [JSON.stringify({ folder: 'x'.repeat(10_000) })]])(
    'does not begin for the body %j',
    async (body) => {
      expect((await ask('/demo/ingest', { body })).status).toBeGreaterThanOrEqual(400);
      expect(started).toEqual([]);
    },
  );
});

describe('a token of the page', () => {
  it('is given to the page alone, and is not a token for a job', async () => {
    const { status, body, headers } = await ask('/demo/session', { token: null });
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    const claims = jwt.decode((JSON.parse(body) as { token: string }).token);
    expect(claims).toMatchObject({ projects: ['p'], scope: 'progress:read ingestion:control' });
    expect(await ask('/demo/session', { token: null, origin: 'http://evil.test' })).toMatchObject({
      status: 403,
    });
    expect(await ask('/demo/session', { token: null, host: 'evil.test' })).toMatchObject({ status: 403 });
  });
});

describe('what was ingested', () => {
  it('is told to a token of the page alone, and not under another name', async () => {
    expect(await ask('/demo/collection', { method: 'GET', origin: null })).toMatchObject({ status: 200 });
    for (const path of ['/demo/collection', '/demo/search?q=a']) {
      expect(await ask(path, { method: 'GET', token: null })).toMatchObject({ status: 401 });
      expect(await ask(path, { method: 'GET', host: `evil.test:${port}` })).toMatchObject({ status: 403 });
    }
    expect(await ask('/demo/search?q=a', { method: 'GET' })).toMatchObject({ status: 409 });
  });
});

describe('the page', () => {
  it('comes with a policy that lets in nothing from elsewhere', async () => {
    const { headers, body } = await ask('/', { method: 'GET', token: null, origin: null });
    expect(String(headers['content-security-policy'])).toContain("default-src 'none'");
    expect(String(headers['content-security-policy'])).not.toContain('unsafe');
    expect(body).toContain('<ingestion-progress');
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=/);
  });

  it('leaves every other path to the server', async () => {
    expect(await ask('/graphql')).toMatchObject({ status: 418 });
    expect(await ask('/page.css', { method: 'POST' })).toMatchObject({ status: 418 });
    expect(await ask('/demo/../../etc/passwd', { method: 'GET' })).toMatchObject({ status: 418 });
    expect(await ask('/demo/nothing', { method: 'GET' })).toMatchObject({ status: 404 });
  });
});
