/** Answers that are very much longer than their question, and that nobody reads, or reads slowly. */
import { setTimeout as delay } from 'node:timers/promises';
import { tokenFor } from '../../support/tokens.js';
import { byTurns, drawAddresses, drawSize, hold } from '../family.js';
import type { Family } from '../family.js';
import { UPGRADE, askGraphql, frame, keptConnections, openBytes } from '../wire.js';

interface Plan {
  readonly asks: 'ingestions' | 'events' | 'states';
  readonly aliases: number;
  readonly transport: 'websocket' | 'post' | 'sse';
  /** A trickle reads 4 kB now and then, so that nobody seems to be gone. */
  readonly reads: 'nothing' | 'a trickle';
  readonly connections: number;
  /** Of one connection. */
  readonly questions: number;
  readonly isOneSubject: boolean;
  readonly addresses: readonly string[];
}

const PROJECTS = ['fat-0', 'fat-1', 'fat-2', 'fat-3'];
/** Ingestions of each of them: as many as may be started in 10 s. */
const INGESTIONS = 18;
/** As long as a result may be. */
const OUTPUT = 'z'.repeat(16_000);
const MESSAGE = 'm'.repeat(2_000);

const STATE = 'id status phases { name message } result { summary output }';
const FIELDS: Readonly<Record<Plan['asks'], (projectId: string) => string>> = {
  ingestions: (id) => `ingestions(projectId: "${id}", first: 100) { edges { node { ${STATE} } } }`,
  events: (id) =>
    `ingestionEvents(projectId: "${id}", ingestionId: "${id}-0", first: 500) { edges { node { type payload } } }`,
  states: (id) => `progress(projectId: "${id}", ingestionId: "${id}-0") { ${STATE} }`,
};

const queryOf = ({ asks, aliases }: Plan) =>
  `{ ${Array.from({ length: aliases }, (_, index) => `a${index}: ${FIELDS[asks](byTurns(PROJECTS, index))}`).join(' ')} }`;

/** Answers. */
export const answers: Family<Plan> = {
  name: 'answers',
  draw: (random) => ({
    asks: random.pick(['ingestions', 'ingestions', 'events', 'states']),
    aliases: drawSize(random, 4, 50),
    transport: random.pick(['websocket', 'post', 'sse']),
    reads: random.pick(['nothing', 'a trickle']),
    connections: drawSize(random, 2, 60),
    questions: drawSize(random, 1, 50),
    isOneSubject: random.pick([true, false]),
    addresses: drawAddresses(random, 20),
  }),
  prepare: async (_plan, { port }) => {
    const token = tokenFor({ sub: 'mallory', projects: PROJECTS, scope: 'progress:write' });
    const address = '127.19.0.1';
    const route = { port, address, token, agent: keptConnections(address, 4) };
    const say = (name: string, type: string, input: object) =>
      askGraphql(route, `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input });
    await Promise.all(
      PROJECTS.map(async (projectId) => {
        for (let index = 0; index < INGESTIONS; index += 1) {
          const one = { projectId, ingestionId: `${projectId}-${index}` };
          await say('startIngestion', 'StartIngestionInput', one);
          // An update, since 20 phases and starts in 10 s are the limit: its phase begins with it.
          if (index === 0)
            await say('reportPhaseStarted', 'ReportPhaseStartedInput', {
              ...one,
              phase: 1,
              message: MESSAGE,
            });
          await say('completeIngestion', 'CompleteIngestionInput', {
            ...one,
            result: { summary: MESSAGE, output: { text: OUTPUT } },
          });
        }
      }),
    );
  },
  attack: async (plan, scene) => {
    const query = queryOf(plan);
    const tokenOf = (index: number) =>
      tokenFor({ sub: plan.isOneSubject ? 'mallory' : `mallory-${index}`, projects: PROJECTS });
    const body = JSON.stringify({ query });
    const post = (token: string) =>
      [
        ...['POST /graphql HTTP/1.1', 'Host: 127.0.0.1', `Authorization: Bearer ${token}`],
        `Accept: ${plan.transport === 'sse' ? 'text/event-stream' : 'application/json'}`,
        ...['Content-Type: application/json', `Content-Length: ${body.length}`, '', body],
      ].join('\r\n');

    const one = async (index: number) => {
      const socket = await openBytes({ port: scene.port, address: byTurns(plan.addresses, index) });
      const isGone = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
      if (plan.transport === 'websocket') {
        const token = tokenOf(index);
        socket.write(UPGRADE);
        await Promise.race([isGone, new Promise((resolve) => socket.once('data', resolve))]);
        socket.write(frame(1, JSON.stringify({ type: 'connection_init', payload: { token } })));
        await Promise.race([isGone, new Promise((resolve) => socket.once('data', resolve))]);
      }
      socket.pause();
      for (let asked = 0; asked < plan.questions && !socket.destroyed && !scene.isOver(); asked += 1) {
        if (plan.transport === 'websocket')
          socket.write(
            frame(1, JSON.stringify({ id: String(asked), type: 'subscribe', payload: { query } })),
          );
        else socket.write(post(tokenOf(index)));
        scene.count('asked');
        await delay(5);
      }
      while (!scene.isOver() && !socket.destroyed) {
        await delay(200);
        if (plan.reads === 'a trickle') socket.read(4_096);
        // Whoever does not read hears of a reset only when it writes: a pong, or the blank line that HTTP allows.
        else socket.write(plan.transport === 'websocket' ? frame(10, '') : '\r\n');
      }
      if (socket.destroyed && !scene.isOver()) scene.count('cut off');
    };
    await Promise.all(
      Array.from({ length: plan.connections }, async (_, index) => {
        // Whoever is cut off comes back, a few times.
        for (let times = 0; times < 5 && !scene.isOver(); times += 1) await one(index);
      }),
    );
    await hold(scene);
  },
};
