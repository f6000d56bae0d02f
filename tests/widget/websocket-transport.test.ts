import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createEnvironment } from '../../widget/client/environment.js';
import type { Answer, Loss, TransportSession } from '../../widget/client/transport.js';
import { createWebSocketTransport } from '../../widget/client/websocket-transport.js';

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: { readonly variables?: { readonly projectId?: string }; readonly token?: string };
}

let server: WebSocketServer;
/** What the server does with each message; it acknowledges and answers pings by itself unless told otherwise. */
let onMessage: (message: Message, socket: WebSocket) => void;
let polite: boolean;
const greetings: (Message['payload'] | undefined)[] = [];

beforeEach(async () => {
  polite = true;
  greetings.length = 0;
  onMessage = () => undefined;
  server = new WebSocketServer({ port: 0, handleProtocols: () => 'graphql-transport-ws' });
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as Message;
      if (message.type === 'connection_init') {
        greetings.push(message.payload);
        if (polite)
          socket.send('{"type":"connection_ack","payload":{"expiresAt":9,"serverTime":5,"scopes":["a",7]}}');
      } else onMessage(message, socket);
    });
  });
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of server.clients) socket.terminate();
  server.close();
  await once(server, 'close');
});

/** A session whose words can be waited for. */
function open(over: Partial<Parameters<typeof createWebSocketTransport>[0]> = {}) {
  const told: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (word: string): void => {
    told.push(word);
    for (const look of waiting) look();
  };
  const session: TransportSession = createWebSocketTransport({
    environment: createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket }),
    url: `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`,
    openTimeoutMs: 2_000,
    ackTimeoutMs: 2_000,
    firstDataTimeoutMs: 2_000,
    pingIntervalMs: 2_000,
    pongTimeoutMs: 2_000,
    ...over,
  }).open('secret', {
    acknowledged: (lifetime) => tell(`acknowledged ${JSON.stringify(lifetime)}`),
    answered: () => tell('answered'),
    alive: () => undefined,
    lost: ({ advice, error }: Loss) => tell(`lost ${advice} ${error.code}`),
  });
  const hears = (word: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!told.some((entry) => entry.startsWith(word))) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const watch = (projectId: string): Answer[] => {
    const answers: Answer[] = [];
    session.watch({ projectId, ingestionId: null, follow: true }, (answer) => {
      answers.push(answer);
      tell(`${projectId} ${answer.type}`);
    });
    return answers;
  };
  return { session, told, hears, watch };
}
const answer = ({ id }: Message, socket: WebSocket): void => {
  const ingestionProgress = { timestamp: 7, progress: null };
  socket.send(JSON.stringify({ type: 'next', id, payload: { data: { ingestionProgress } } }));
};

describe('A session over WebSocket', () => {
  it('greets with the token, and tells what the ack says of it', async () => {
    const { session, told, hears, watch } = open();
    onMessage = answer;
    const answers = watch('p1');
    await hears('answered');
    expect(greetings).toEqual([{ token: 'secret' }]);
    expect(told[0]).toBe('acknowledged {"expiresAt":9,"serverTime":5,"scopes":["a"]}');
    expect(answers).toEqual([{ type: 'state', progress: null, serverTime: 7 }]);
    session.close();
  });

  it('tells the one that is left out among others that are served, and goes on', async () => {
    const { session, told, hears, watch } = open({ firstDataTimeoutMs: 100 });
    onMessage = (message, socket) => {
      if (message.payload?.variables?.projectId === 'p2') answer(message, socket);
    };
    const [left] = [watch('p1'), watch('p2')];
    await hears('p1 failed');
    expect(left).toEqual([{ type: 'failed', loss: expect.objectContaining({ advice: 'retry' }) }]);
    expect(told.some((word) => word.startsWith('lost'))).toBe(false);
    session.close();
  });

  // (invariant: every-step-has-a-timeout) (invariant: client-checks-liveness)
  it.each([
    ['is not acknowledged', { ackTimeoutMs: 50 }, false, 'lost retry TIMEOUT'],
    ['is acknowledged and gives no data', { firstDataTimeoutMs: 50 }, true, 'lost retry TIMEOUT'],
    ['does not answer pings', { pingIntervalMs: 30, pongTimeoutMs: 30 }, true, 'lost retry CONNECTION_LOST'],
  ])('is lost where it %s', async (_what, over, acknowledges, word) => {
    polite = acknowledges;
    const { hears, watch } = open(over);
    watch('p1');
    await hears(word);
    await expect.poll(() => server.clients.size).toBe(0);
  });

  it('is given up where the other side does not speak the protocol', async () => {
    const { hears, watch } = open();
    onMessage = (_message, socket) => socket.send('Hello there.');
    watch('p1');
    await hears('lost giveUp PROTOCOL_ERROR');
  });

  it('tells nothing after it was closed, and leaves no socket, also before the ack', async () => {
    polite = false;
    const early = open();
    early.session.close();
    early.session.close();
    const { session, told, watch } = open();
    watch('p1');
    await expect.poll(() => greetings.length).toBe(1);
    session.close();
    await expect.poll(() => server.clients.size).toBe(0);
    expect([...early.told, ...told]).toEqual([]);
  });

  it('refuses a request that it takes with it when it ends', async () => {
    const { session, hears } = open();
    await hears('acknowledged');
    onMessage = (_message, socket) => socket.close(1012);
    await expect(session.request({ query: '{ viewer { subject } }', variables: {} })).rejects.toMatchObject({
      code: 'SERVER_RESTARTING',
    });
    await hears('lost spread SERVER_RESTARTING');
  });

  it('says what is missing where there is no WebSocket', () => {
    const environment = { ...createEnvironment(), webSocket: null };
    expect(() => open({ environment })).toThrow(/bring one with createEnvironment/);
  });
});
