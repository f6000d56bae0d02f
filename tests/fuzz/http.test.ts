/** Random and damaged HTTP requests: each is answered with data or a code, gives nothing away, and does no harm. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../deployment/tokens.js';
import { AT_ONCE, TIMEOUT_MS, fuzzing } from './cases.js';
import { anyId, damaged } from './mutations.js';
import { MINE, OWN_TOKEN, startTarget } from './target.js';
import type { Target } from './target.js';

let target: Target;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
beforeAll(async () => {
  target = await startTarget();
});
afterAll(async () => {
  agent.destroy();
  await target.stop();
});

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

function ask({ method, path, headers, body }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port: target.server.port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        // A stream of events does not end by itself.
        if (response.headers['content-type']?.startsWith('text/event-stream')) response.destroy();
      });
      const end = () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      response.on('end', end);
      response.on('close', end);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server may close without reading a body that it has refused.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve({ status: 0, text: '' });
      else reject(error);
    });
    sent.end(body);
  });
}

const OPERATIONS = [
  'query ($projectId: ID!) { progress(projectId: $projectId) { id phases { name message } } }',
  'query ($projectId: ID!) { ingestions(projectId: $projectId, first: 5) { edges { cursor node { id } } } }',
  'query ($projectId: ID!) { ingestionEvents(projectId: $projectId, ingestionId: "hidden") { edges { node { payload } } } }',
  'mutation ($projectId: ID!) { startIngestion(input: { projectId: $projectId }) { progress { id } } }',
  'mutation ($projectId: ID!) { reportProgress(input: { projectId: $projectId, ingestionId: "hidden", phase: 1 }) { accepted } }',
  'subscription ($projectId: ID!) { ingestionProgress(projectId: $projectId) { progress { phases { name } } } }',
  '{ viewer { subject } serverTime }',
  '{ __schema { types { name } } }',
];

const operation = fc
  .record({ query: fc.constantFrom(...OPERATIONS), variables: fc.record({ projectId: anyId }) })
  .map((value) => JSON.stringify(value));
const body: Arbitrary<Buffer> = fc.oneof(
  { weight: 3, arbitrary: operation.map((text) => Buffer.from(text)) },
  { weight: 4, arbitrary: damaged(operation).map((text) => Buffer.from(text)) },
  fc.json().map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(Buffer.alloc(0), Buffer.from('[]'), Buffer.from('{"query":1}'), Buffer.alloc(300_000, '{')),
);

const token = fc.oneof(
  { weight: 8, arbitrary: fc.constant(`Bearer ${OWN_TOKEN}`) },
  fc.constantFrom(
    '',
    'Bearer',
    'Bearer x',
    `Basic ${OWN_TOKEN}`,
    `Bearer ${mintToken({ lifetimeSeconds: -60 })}`,
  ),
);
const headers = fc.record(
  {
    'x-forwarded-for': fc.oneof(
      { weight: 9, arbitrary: fc.ipV4() },
      fc.constantFrom('', ',', 'unknown', '::1, ::1'),
    ),
    authorization: token,
    'content-type': fc.oneof(
      { weight: 8, arbitrary: fc.constant('application/json') },
      fc.constantFrom(
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        '',
      ),
    ),
    accept: fc.constantFrom(
      'application/json',
      '*/*',
      'text/event-stream',
      'application/graphql-response+json',
      'x',
    ),
    origin: fc.constantFrom('https://elsewhere.example', 'null', 'http://['),
    'if-none-match': fc.constantFrom('*', '"x"', 'W/"1", "2"', '"'),
  },
  { requiredKeys: ['x-forwarded-for', 'authorization', 'content-type'] },
);

const encoded = (text: string) => encodeURIComponent(Buffer.from(text).toString());
const post: Arbitrary<Asked> = fc.record({
  method: fc.constant('POST'),
  path: fc.constant('/graphql'),
  headers,
  body,
});
const get: Arbitrary<Asked> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
  path: fc.oneof(
    anyId.map((id) => `/api/projects/${encoded(id)}/progress`),
    fc
      .tuple(fc.oneof(fc.constantFrom(...OPERATIONS), damaged(fc.constantFrom(...OPERATIONS))), fc.json())
      .map(([query, variables]) => `/graphql?query=${encoded(query)}&variables=${encoded(variables)}`),
    anyId.map(
      (id) =>
        `/graphql?query=${encoded(OPERATIONS[0] ?? '')}&variables=${encoded(JSON.stringify({ projectId: id }))}`,
    ),
    fc.webPath().map((path) => `/${path}`),
    fc.constantFrom(
      '/graphql',
      '/graphql?',
      '//',
      '/%',
      '/api/projects/%ZZ/progress',
      '/graphql?query=%7B',
      '/..%2f',
    ),
  ),
  headers,
  body: fc.constant(Buffer.alloc(0)),
});

function expectAnswer({ status, text }: Answered): void {
  target.expectClean(text);
  if (status === 0) return;
  expect(status, text).not.toBe(500);
  expect(status, text).toBeLessThan(504);
  if (!text.startsWith('{')) return;
  const answer = JSON.parse(text) as { errors?: unknown[]; error?: { code: string } };
  target.expectCoded(answer.errors ?? []);
  // A state that is read by REST has a field of this name too.
  if (status >= 400 && answer.error !== undefined) target.expectCoded([{ extensions: answer.error }]);
}

test(
  'any request is answered with data or a coded error',
  async () => {
    const requests = fc.array(fc.oneof(post, get), { minLength: AT_ONCE, maxLength: AT_ONCE });
    await fc.assert(
      fc.asyncProperty(requests, async (all) => {
        for (const answer of await Promise.all(all.map(ask))) expectAnswer(answer);
      }),
      fuzzing('HTTP requests'),
    );
    await target.expectUnharmed();
  },
  TIMEOUT_MS,
);

const HEAD = `POST /graphql HTTP/1.1\r\nHost: fuzz\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{"query":"{viewer{"}}`;

test(
  'any bytes on the port end with the connection, and with nothing else',
  async () => {
    const attempts = fc.array(damaged(fc.constant(HEAD)), { minLength: AT_ONCE, maxLength: AT_ONCE });
    const write = (text: string) =>
      new Promise<string>((resolve) => {
        const chunks: Buffer[] = [];
        const socket = connect(target.server.port, '127.0.0.1', () => socket.end(text, 'latin1'));
        socket.on('data', (chunk) => chunks.push(chunk));
        // A reset is as good an end as any.
        socket.on('error', () => socket.destroy());
        socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
      });
    await fc.assert(
      fc.asyncProperty(attempts, async (texts) => {
        for (const answer of await Promise.all(texts.map(write))) target.expectClean(answer);
      }),
      fuzzing('bytes on the port'),
    );
    await target.expectUnharmed();
  },
  TIMEOUT_MS,
);

test('a project that is not yours is answered as one that is not there', async () => {
  const from = (id: string, address: string) =>
    ask({
      method: 'GET',
      path: `/api/projects/${id}/progress`,
      headers: { authorization: `Bearer ${OWN_TOKEN}`, 'x-forwarded-for': address },
      body: Buffer.alloc(0),
    });
  const hidden = await from('other', '192.0.2.1');
  const absent = await from('never-was-there', '192.0.2.2');
  expect(hidden.status).toBe(403);
  expect(hidden).toEqual(absent);
  expect((await from(MINE, '192.0.2.3')).status).not.toBe(403);
});
