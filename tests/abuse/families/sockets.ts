/** Connections that are held for nothing: WebSockets without a word or with a token, event streams, and requests that never end. */
import { tokenFor } from '../../support/tokens.js';
import { byTurns, drawAddresses, drawSize, hold, keepDoing } from '../family.js';
import type { Family, Scene } from '../family.js';
import { UPGRADE, frame, openBytes } from '../wire.js';

/** What is held open. */
const KINDS = [
  'silent TCP',
  'half a header',
  'half a body',
  'silent WebSocket',
  'acknowledged',
  'subscribed',
  'event stream',
  'kept-alive',
] as const;
type Kind = (typeof KINDS)[number];

interface Plan {
  readonly kinds: readonly Kind[];
  readonly count: number;
  readonly aSecond: number;
  readonly isOneSubject: boolean;
  /** Whether connections are dropped and opened anew all the time, without a farewell. */
  readonly isRestless: boolean;
  readonly addresses: readonly string[];
}

const PROJECT = 'project-of-mallory';
const QUERY = `subscription { ingestionProgress(projectId: "${PROJECT}", follow: true) { revision } }`;
const BODY = JSON.stringify({ query: QUERY });

const post = (token: string, accept: string, body: string) =>
  [
    ...['POST /graphql HTTP/1.1', 'Host: 127.0.0.1', `Authorization: Bearer ${token}`, `Accept: ${accept}`],
    ...['Content-Type: application/json', `Content-Length: ${BODY.length}`, '', body],
  ].join('\r\n');

/** What is said on a connection at once; what needs an answer comes after it blindly, which TCP allows. */
function wordsOf(kind: Kind, token: string): Buffer {
  const init = frame(1, JSON.stringify({ type: 'connection_init', payload: { token } }));
  const subscribe = frame(1, JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }));
  switch (kind) {
    case 'silent TCP':
      return Buffer.alloc(0);
    case 'half a header':
      return Buffer.from('GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    case 'half a body':
      return Buffer.from(post(token, 'application/json', BODY.slice(0, 10)));
    case 'silent WebSocket':
      return Buffer.from(UPGRADE);
    case 'acknowledged':
      return Buffer.concat([Buffer.from(UPGRADE), init]);
    case 'subscribed':
      return Buffer.concat([Buffer.from(UPGRADE), init, subscribe]);
    case 'event stream':
      return Buffer.from(post(token, 'text/event-stream', BODY));
    case 'kept-alive':
      return Buffer.from('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  }
}

async function open(plan: Plan, scene: Scene, index: number): Promise<void> {
  const socket = await openBytes({ port: scene.port, address: byTurns(plan.addresses, index) });
  if (socket.destroyed) return scene.count('not connected');
  socket.resume();
  const sub = plan.isOneSubject ? 'mallory' : `mallory-${index}`;
  socket.write(wordsOf(byTurns(plan.kinds, index), tokenFor({ sub, projects: [PROJECT] })));
  scene.count('opened');
  let isMine = false;
  socket.once('close', () => {
    if (!isMine && !scene.isOver()) scene.count('cut off');
  });
  if (!plan.isRestless) return;
  const drop = () => {
    isMine = true;
    socket.resetAndDestroy();
  };
  setTimeout(drop, scene.random.between(100, 2_000));
}

/** Sockets. */
export const sockets: Family<Plan> = {
  name: 'sockets',
  // By default it takes 20,000; what one address and one subject may hold must leave room for others whatever it is.
  environment: { MAX_CONNECTIONS: '500' },
  draw: (random) => ({
    kinds: Array.from({ length: Math.ceil(random.between(0, 3)) }, () => random.pick(KINDS)),
    count: drawSize(random, 200, 1_500),
    aSecond: drawSize(random, 100, 1_000),
    isOneSubject: random.pick([true, false]),
    isRestless: random.pick([false, false, true]),
    addresses: drawAddresses(random, 4),
  }),
  attack: async (plan, scene) => {
    const most = plan.isRestless ? 4 * plan.count : plan.count;
    await keepDoing(scene, { atOnce: 20, aSecond: plan.aSecond, most }, (index) => open(plan, scene, index));
    await hold(scene);
  },
};
