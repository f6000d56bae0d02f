/** Requests that are refused, over and over: without a token, with bad ones, for what a good one does not cover, from wrong pages. */
import { setTimeout as delay } from 'node:timers/promises';
import jwt from 'jsonwebtoken';
import { SECRET, tokenFor } from '../../support/tokens.js';
import { byTurns, drawAddresses, drawSize, keepDoing } from '../family.js';
import type { Family } from '../family.js';
import { ask, askGraphql, openLine } from '../wire.js';

const TOKENS = {
  none: () => null,
  rubbish: (n: number) => `rubbish.${n}.token`,
  forged: () => tokenFor({ sub: 'mallory' }, 'another secret of thirty-two characters'),
  expired: () => tokenFor({ sub: 'mallory', expiresInSeconds: -60 }),
  'of another project': () => tokenFor({ sub: 'mallory', projects: [] }),
  'too long': (n: number) => `${n}.${'x'.repeat(12_000)}`,
  'of no algorithm': () =>
    jwt.sign({ sub: 'mallory', projects: '*' }, '', { algorithm: 'none', expiresIn: 60 }),
  'with a strange subject': (n: number) =>
    jwt.sign({ sub: `\u202e\u0007${'s'.repeat(200)}${n}`, projects: [] }, SECRET, { expiresIn: 60 }),
} satisfies Record<string, (n: number) => string | null>;
type Kind = keyof typeof TOKENS;

interface Plan {
  readonly tokens: readonly Kind[];
  readonly transport: 'websocket' | 'operation' | 'post' | 'rest' | 'stream' | 'foreign page';
  /** Bytes of headers that the client chooses: request id, origin, user agent. */
  readonly headerBytes: number;
  readonly atOnce: number;
  readonly aSecond: number;
  readonly addresses: readonly string[];
}

const kinds = Object.keys(TOKENS) as Kind[];
const QUERY = 'query ($p: ID!) { progress(projectId: $p) { id } }';

/** Refusals. */
export const refusals: Family<Plan> = {
  name: 'refusals',
  draw: (random) => ({
    tokens: Array.from({ length: Math.ceil(random.between(0, 3)) }, () => random.pick(kinds)),
    transport: random.pick(['websocket', 'operation', 'operation', 'post', 'rest', 'stream', 'foreign page']),
    headerBytes: random.pick([0, 0, 100, 9_000]),
    atOnce: drawSize(random, 4, 200),
    aSecond: drawSize(random, 50, 2_000),
    addresses: drawAddresses(random, 100),
  }),
  attack: async (plan, scene) => {
    const { port } = scene;
    const long = 'h'.repeat(plan.headerBytes);
    const headers: Record<string, string> =
      plan.headerBytes === 0 ? {} : { 'x-request-id': long, 'user-agent': long.slice(0, 2_000) };
    const codeOf = (text: string) => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? 'no code';
    const pace = { atOnce: plan.atOnce, aSecond: plan.aSecond, most: 20_000 };
    await keepDoing(scene, pace, async (index) => {
      const route = { port, address: byTurns(plan.addresses, index) };
      const token = TOKENS[byTurns(plan.tokens, index)](index);
      const variables = { p: `not-mine-${index}` };
      switch (plan.transport) {
        case 'foreign page': {
          const line = await openLine(route, {
            headers: { ...headers, origin: `https://evil.example/${long}` },
          });
          line.socket.terminate();
          return scene.count(`closed ${await line.closed}`);
        }
        case 'websocket':
        case 'operation': {
          const line = await openLine(route, { headers });
          line.send({ type: 'connection_init', payload: { token } });
          if (plan.transport === 'operation') {
            for (let id = 0; id < 50; id += 1)
              line.send({ id: `${id}${long}`, type: 'subscribe', payload: { query: QUERY, variables } });
          }
          const code = await Promise.race([line.closed, delay(2_000, 0)]);
          line.socket.terminate();
          return scene.count(`closed ${code}`);
        }
        case 'post': {
          const { status, text } = await askGraphql({ ...route, token, headers }, QUERY, variables);
          return scene.count(`${status} ${codeOf(text)}`);
        }
        case 'stream': {
          const accept = { ...headers, accept: 'text/event-stream' };
          const { status, text } = await askGraphql({ ...route, token, headers: accept }, QUERY, variables);
          return scene.count(`${status} ${codeOf(text)}`);
        }
        case 'rest': {
          const path = `/api/projects/${variables.p}/progress`;
          const { status, text } = await ask({ ...route, token, headers, path });
          return scene.count(`${status} ${codeOf(text)}`);
        }
      }
    });
  },
};
