/** Random and damaged WebSocket messages and frames: the server answers or closes, says nothing it must not, and lives. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { mintToken } from '../deployment/tokens.js';
import { AT_ONCE, TIMEOUT_MS, fuzzing } from './cases.js';
import { anyId, damaged } from './mutations.js';
import { MINE, OWN_TOKEN, startTarget } from './target.js';
import type { Target } from './target.js';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.stop());

const EXPIRED = mintToken({ lifetimeSeconds: -60 });
const FORGED = mintToken({ sub: 'forger' }, 'another secret of 32 characters or more');

const WATCH = `subscription ($projectId: ID!, $ingestionId: ID) {
  ingestionProgress(projectId: $projectId, ingestionId: $ingestionId) { revision progress { id phases { name message } } }
}`;
const READ = 'query ($projectId: ID!) { progress(projectId: $projectId) { id phases { name message } } }';
const COMMANDS =
  'subscription ($projectId: ID!) { ingestionCommands(projectId: $projectId) { id requestedBy } }';

const init = fc
  .oneof(
    { weight: 6, arbitrary: fc.constant<unknown>({ token: OWN_TOKEN }) },
    fc.constantFrom<unknown>({ token: EXPIRED }, { token: FORGED }, { authorization: `Bearer ${OWN_TOKEN}` }),
    fc.constantFrom<unknown>(
      undefined,
      null,
      {},
      { token: 1 },
      { token: [] },
      { token: 'a.b.c' },
      'text',
      [],
    ),
  )
  .map((payload) => JSON.stringify({ type: 'connection_init', payload }));

const variables = fc.oneof(
  { weight: 4, arbitrary: fc.record({ projectId: anyId, ingestionId: fc.option(anyId) }) },
  fc.dictionary(fc.constantFrom('projectId', 'ingestionId', '__proto__', 'x'), fc.anything()),
);
const query = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(WATCH, READ, COMMANDS) },
  damaged(fc.constantFrom(WATCH, READ, COMMANDS)),
);
/** A right envelope, which leaves the connection open, whatever is in it. */
const operation = fc
  .record({
    id: fc.oneof(fc.constantFrom('1', '2', '3'), fc.string({ minLength: 1, maxLength: 40 })),
    query,
    variables,
  })
  .map(({ id, ...payload }) => JSON.stringify({ id, type: 'subscribe', payload }));

const word = fc.constantFrom(
  'connection_ack',
  'next',
  'error',
  'complete',
  'ping',
  'pong',
  'start',
  'stop',
  '__proto__',
);
const odd = fc.oneof(
  fc.record({ type: word, id: fc.oneof(fc.constant('1'), fc.anything()), payload: fc.anything() }),
  fc.anything(),
);
/** What mostly ends the connection, so it comes last. */
const rubbish: Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: damaged(operation) },
  { weight: 2, arbitrary: odd.map((value) => JSON.stringify(value) ?? '') },
  fc.constantFrom('', 'null', '[]', '{'.repeat(2_000)),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }),
);

interface Script {
  readonly from: string;
  readonly first: string;
  /** Whether the client waits for the acknowledgement, as it should. */
  readonly waits: boolean;
  readonly rest: readonly (string | Uint8Array)[];
}

const script: Arbitrary<Script> = fc.record({
  from: fc.ipV4(),
  first: fc.oneof({ weight: 8, arbitrary: init }, damaged(init)),
  waits: fc.oneof({ weight: 8, arbitrary: fc.constant(true) }, fc.constant(false)),
  rest: fc
    .tuple(
      fc.array(
        fc.oneof(
          { weight: 5, arbitrary: operation },
          fc.constantFrom('{"type":"ping"}', '{"id":"1","type":"complete"}'),
        ),
        { maxLength: 5 },
      ),
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(rubbish, { maxLength: 2 })),
    )
    .map((parts) => parts.flat()),
});

/** Asks for what all the others ask for too, so that it is answered after them. */
const LAST = JSON.stringify({
  id: 'last',
  type: 'subscribe',
  payload: { query: READ, variables: { projectId: MINE } },
});

/** Sends all of it, then one right query; resolves with everything that came, once that is answered or all is closed. */
function play({ from, first, waits, rest }: Script): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(
      `${target.server.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
      {
        headers: { 'X-Forwarded-For': from },
      },
    );
    let heard = '';
    const go = () => [...rest, LAST].forEach((text) => socket.send(text));
    socket.once('open', () => {
      socket.send(first);
      if (!waits) go();
    });
    if (waits) socket.once('message', go);
    socket.on('message', (data) => {
      heard += `${String(data)}\n`;
      if (/"id":"last".*"type":"(complete|error)"/.test(String(data))) socket.terminate();
    });
    socket.on('close', (code, reason) => resolve(`${heard}${code} ${String(reason)}`));
    socket.on('error', reject);
  });
}

function errorsIn(heard: string): readonly unknown[] {
  return heard
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { type: string; payload?: { errors?: unknown[] } | unknown[] })
    .flatMap(({ type, payload }) => {
      if (type === 'error' && Array.isArray(payload)) return payload;
      return type === 'next' && !Array.isArray(payload) ? (payload?.errors ?? []) : [];
    });
}

test(
  'any messages are answered with data or a coded error, or the connection is closed',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(script, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (scripts) => {
        for (const heard of await Promise.all(scripts.map(play))) {
          target.expectClean(heard);
          target.expectCoded(errorsIn(heard));
          expect(heard).not.toMatch(/\n(1011|4500|1000) /);
        }
      }),
      fuzzing('WebSocket messages'),
    );
    await target.expectUnharmed();
  },
  TIMEOUT_MS,
);

/** A masked frame as a client sends it, with the first byte and the length as told, also where they lie. */
function frame(head: number, length: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([head, 0x80 | length, 0, 0, 0, 0]), body]);
}

const anyFrame = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.nat({ max: 255 }), fc.nat({ max: 127 }), fc.uint8Array({ maxLength: 140 }))
    .map(([head, length, body]) => frame(head, length, body)),
  // Text that is not UTF-8, in a frame that is right otherwise.
  fc.uint8Array({ maxLength: 100 }).map((body) => frame(0x81, body.length, body)),
);

const UPGRADE = [
  ...['GET /graphql HTTP/1.1', 'Host: fuzz', 'Connection: Upgrade', 'Upgrade: websocket'],
  ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
  ...['Sec-WebSocket-Protocol: graphql-transport-ws', '', ''],
].join('\r\n');

/** Writes an upgrade, maybe a damaged one, and frames; then ends its side. Resolves once the server has closed too. */
function write(upgrade: string, frames: readonly Buffer[]): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket: Socket = connect(target.server.port, '127.0.0.1', () => {
      socket.write(upgrade);
      for (const bytes of frames) socket.write(bytes);
      socket.end();
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    // A reset is as good an end as any.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

test(
  'any bytes after any upgrade end with the connection, and with nothing else',
  async () => {
    const upgrade = fc.oneof({ weight: 3, arbitrary: fc.constant(UPGRADE) }, damaged(fc.constant(UPGRADE)));
    const attempt = fc.tuple(upgrade, fc.array(anyFrame, { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (attempts) => {
        const answers = await Promise.all(attempts.map(([text, frames]) => write(text, frames)));
        for (const answer of answers) target.expectClean(answer);
      }),
      fuzzing('WebSocket frames'),
    );
    await target.expectUnharmed();
  },
  TIMEOUT_MS,
);

test('the token of these cases does open its own project, so that they test more than refusals', async () => {
  const first = JSON.stringify({ type: 'connection_init', payload: { token: OWN_TOKEN } });
  const heard = await play({ from: '192.0.2.1', first, waits: true, rest: [] });
  expect(heard).toContain('"type":"next"');
});
