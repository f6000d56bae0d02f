/** Everything that a server says in a whole life, held against every secret that it was told. */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { SECRET, startServerProcess } from '../deployment/server-process.js';
import { mintToken } from '../deployment/tokens.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});

const TOKENS = {
  good: mintToken({ sub: 'a' }),
  fresh: mintToken({ sub: 'a', lifetimeSeconds: 900 }),
  ofSomebodyElse: mintToken({ sub: 'b' }),
  readOnly: mintToken({ sub: 'c', scope: 'progress:read', projects: ['mine'] }),
  expired: mintToken({ lifetimeSeconds: -60 }),
  forged: mintToken({}, 'another secret of 32 characters or more'),
  broken: 'not-a-token-but-still-a-secret',
};
const heard: string[] = [];

let turn = 0;
/** An address of its own for each request, so that refusals are not slowed. */
function from(): { readonly 'X-Forwarded-For': string } {
  turn += 1;
  return { 'X-Forwarded-For': `192.0.2.${turn % 256}` };
}

async function post(token: string, query: string, variables: unknown, path = '/graphql'): Promise<void> {
  const response = await fetch(target.server.url + path, {
    method: 'POST',
    headers: { ...from(), Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  heard.push(await response.text(), JSON.stringify([...response.headers]));
}

/** Sends the messages one after the other, each after an answer; resolves once all are answered or all is closed. */
function converse(messages: readonly unknown[]): Promise<void> {
  return new Promise((resolve) => {
    const waiting = messages.map((message) => JSON.stringify(message));
    const socket = new WebSocket(
      `${target.server.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    const next = () => {
      const message = waiting.shift();
      if (message === undefined) socket.close(1000);
      else socket.send(message);
    };
    socket.on('open', next);
    socket.on('message', (data) => {
      heard.push(String(data));
      next();
    });
    socket.on('close', (code, reason) => {
      heard.push(`${code} ${String(reason)}`);
      resolve();
    });
  });
}

const WATCH = 'subscription { ingestionProgress(projectId: "mine") { revision } }';
const READ = 'query ($id: ID!) { progress(projectId: $id) { id } }';
const REFRESH = 'mutation ($token: String!) { refreshToken(token: $token) { expiresAt } }';
const subscribe = (query: string, variables: unknown = {}) => ({
  id: Math.random().toString(36),
  type: 'subscribe',
  payload: { query, variables },
});

afterAll(async () => {
  await target.stop();
});

test('no token and no secret stands in a log, an error, a metric or a close reason', async () => {
  for (const token of Object.values(TOKENS)) {
    await converse([{ type: 'connection_init', payload: { token } }, subscribe(WATCH)]);
    await converse([
      { type: 'connection_init', payload: { Authorization: `Bearer ${token}` } },
      subscribe(WATCH),
    ]);
    await converse([
      { type: 'connection_init', payload: { token: TOKENS.good } },
      subscribe(WATCH),
      subscribe(REFRESH, { token }),
    ]);
    await post(token, READ, { id: 'mine' });
    await post(token, READ, { id: 'other' });
    await post(token, 'mutation { startIngestion(input: { projectId: "mine" }) { lastSequence } }', {});
    await post(token, REFRESH, { token: TOKENS.good });
    // Where people put tokens that have no place there.
    await post(token, READ, { id: 'mine' }, `/graphql?token=${token}`);
    const read = await fetch(`${target.server.url}/api/projects/mine/progress?access_token=${token}`, {
      headers: from(),
    });
    heard.push(await read.text());
    await new Promise<void>((resolve) => {
      const url = `${target.server.url}/graphql?token=${token}`;
      request(url, { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } }, (response) => {
        response.resume().on('end', resolve);
      })
        .on('error', () => resolve())
        .end();
    });
  }
  heard.push(await (await fetch(`${target.server.url}/metrics`)).text());
  expect(await target.server.stop()).toBe(0);

  const said = `${heard.join('\n')}\n${target.server.output}`;
  expect(said).toContain('refused');
  for (const [name, token] of Object.entries({ ...TOKENS, SECRET })) {
    // The whole, and the part of a token that makes it one.
    for (const part of new Set([token, token.split('.').at(-1) ?? token])) {
      expect(said.includes(part), `${name} was said`).toBe(false);
    }
  }
});

const PASSWORD = 'password-of-a-database';
const AWAY: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MongoDB: {
    MONGODB_URI: `mongodb://somebody:${PASSWORD}@127.0.0.1:1/progress?serverSelectionTimeoutMS=500`,
  },
  Redis: { REDIS_URL: `redis://somebody:${PASSWORD}@127.0.0.1:1` },
  'a MongoDB address that is none': { MONGODB_URI: `http://somebody:${PASSWORD}@127.0.0.1:1` },
};

for (const [name, environment] of Object.entries(AWAY)) {
  test(`a server that cannot reach ${name} says so without the password`, async () => {
    const ended = startServerProcess({ DATA_DIR: '/nonexistent/folder', ...environment });
    const said = await ended.then(
      async (server) => {
        await server.kill();
        return 'started';
      },
      (error: unknown) => String(error),
    );
    expect(said).toContain('before it listened');
    expect(said).not.toContain(PASSWORD);
  }, 40_000);
}
