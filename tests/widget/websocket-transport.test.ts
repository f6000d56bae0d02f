import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createEnvironment } from '../../widget/client/environment.js';
import type { ServerMessage, Failure, TransportSession } from '../../widget/client/transport.js';
import { createWebSocketTransport } from '../../widget/client/websocket-transport.js';

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: { readonly variables?: { readonly projectId?: string }; readonly token?: string };
}

let server: WebSocketServer;
/** Handles each message; by default the server acknowledges and answers pings. */
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
  const calls: string[] = [];
  const waiting = new Set<() => void>();
  const record = (word: string): void => {
    calls.push(word);
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
    onAcknowledged: (lifetime) => record(`acknowledged ${JSON.stringify(lifetime)}`),
    onData: () => record('data'),
    onAlive: () => undefined,
    onFailure: ({ policy, error }: Failure) => record(`lost ${policy} ${error.code}`),
  });
  const untilCall = (word: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!calls.some((entry) => entry.startsWith(word))) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const watch = (projectId: string): ServerMessage[] => {
    const answers: ServerMessage[] = [];
    session.watch({ projectId, ingestionId: null, follow: true }, (answer) => {
      answers.push(answer);
      record(`${projectId} ${answer.type}`);
    });
    return answers;
  };
  return { session, calls, untilCall, watch };
}
const answer = ({ id }: Message, socket: WebSocket): void => {
  const ingestionProgress = { timestamp: 7, progress: null };
  socket.send(JSON.stringify({ type: 'next', id, payload: { data: { ingestionProgress } } }));
};

describe('A WebSocket session', () => {
  it("sends the token on connect, and reports the ack's payload", async () => {
    const { session, calls, untilCall, watch } = open();
    onMessage = answer;
    const answers = watch('p1');
    await untilCall('data');
    expect(greetings).toEqual([{ token: 'secret' }]);
    expect(calls[0]).toBe('acknowledged {"expiresAt":9,"serverTime":5,"scopes":["a"]}');
    expect(answers).toEqual([{ type: 'state', progress: null, serverTime: 7 }]);
    session.close();
  });

  it('reports a timeout to the only watch without data, and continues', async () => {
    const { session, calls, untilCall, watch } = open({ firstDataTimeoutMs: 100 });
    onMessage = (message, socket) => {
      if (message.payload?.variables?.projectId === 'p2') answer(message, socket);
    };
    const [left] = [watch('p1'), watch('p2')];
    await untilCall('p1 failed');
    expect(left).toEqual([{ type: 'failed', failure: expect.objectContaining({ policy: 'retry' }) }]);
    expect(calls.some((word) => word.startsWith('lost'))).toBe(false);
    session.close();
  });

  // (invariant: every-step-has-a-timeout) (invariant: client-checks-liveness)
  it.each([
    ['is not acknowledged', { ackTimeoutMs: 50 }, false, 'lost retry TIMEOUT'],
    ['is acknowledged and gives no data', { firstDataTimeoutMs: 50 }, true, 'lost retry TIMEOUT'],
    ['does not answer pings', { pingIntervalMs: 30, pongTimeoutMs: 30 }, true, 'lost retry CONNECTION_LOST'],
  ])('is lost where it %s', async (_what, over, acknowledges, word) => {
    polite = acknowledges;
    const { untilCall, watch } = open(over);
    watch('p1');
    await untilCall(word);
    await expect.poll(() => server.clients.size).toBe(0);
  });

  it('is given up where the other side does not speak the protocol', async () => {
    const { untilCall, watch } = open();
    onMessage = (_message, socket) => socket.send('Hello there.');
    watch('p1');
    await untilCall('lost fatal PROTOCOL_ERROR');
  });

  it('reports nothing after close, and leaves no socket, even before the ack', async () => {
    polite = false;
    const early = open();
    early.session.close();
    early.session.close();
    const { session, calls, watch } = open();
    watch('p1');
    await expect.poll(() => greetings.length).toBe(1);
    session.close();
    await expect.poll(() => server.clients.size).toBe(0);
    expect([...early.calls, ...calls]).toEqual([]);
  });

  it('refuses a request that it takes with it when it ends', async () => {
    const { session, untilCall } = open();
    await untilCall('acknowledged');
    onMessage = (_message, socket) => socket.close(1012);
    await expect(session.request({ query: '{ viewer { subject } }', variables: {} })).rejects.toMatchObject({
      code: 'SERVER_RESTARTING',
    });
    await untilCall('lost jittered SERVER_RESTARTING');
  });

  it('says what is missing where there is no WebSocket', () => {
    const environment = { ...createEnvironment(), webSocket: null };
    expect(() => open({ environment })).toThrow(/Pass one to createEnvironment/);
  });

  it('fails at once where the page may not make the socket', async () => {
    const forbidden = new Proxy(WebSocket, {
      construct() {
        throw new DOMException('Refused by the policy of the page.', 'SecurityError');
      },
    });
    const environment = createEnvironment({ webSocket: forbidden as unknown as typeof globalThis.WebSocket });
    const { untilCall, calls } = open({ environment, openTimeoutMs: 60_000 });
    await untilCall('lost');
    expect(calls).toEqual(['lost retry CONNECTION_LOST']);
  });
});
