import { afterEach, describe, expect, it } from 'vitest';
import { createConnection } from '../../widget/client/connection.js';
import { createIngestionClient } from '../../widget/client/client.js';
import type {
  ConnectionOptions,
  IngestionClient,
  IngestionClientOptions,
} from '../../widget/client/types.js';
import { createScriptedTransport } from '../../widget/testing/scripted-transport.js';
import { createManualEnvironment } from './support/manual-environment.js';
import { completedOf, progressOf, record } from './support/states.js';

const clients: IngestionClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

function setUp(
  connectionOptions: ConnectionOptions = {},
  clientOptions: Partial<IngestionClientOptions> = {},
) {
  const environment = createManualEnvironment();
  const webSocket = createScriptedTransport({ environment });
  const polling = createScriptedTransport({ environment });
  const connection = createConnection(connectionOptions, {
    environment,
    webSocketTransport: webSocket,
    pollingTransport: polling,
  });
  const follow = (options: Partial<IngestionClientOptions> = {}): IngestionClient => {
    const client = createIngestionClient({ projectId: 'p1', connection, ...clientOptions, ...options });
    clients.push(client);
    return client;
  };
  return { environment, webSocket, polling, connection, follow };
}

describe('A client', () => {
  it('starts nothing before somebody listens, and shows the state once data came', async () => {
    const { environment, webSocket, follow } = setUp();
    const client = follow();
    await environment.advance(1_000);
    expect(webSocket.sessions).toHaveLength(0);
    const { seen } = record(client);
    await environment.settle();
    const session = webSocket.sessions[0]!;
    expect(session.targets).toEqual([{ projectId: 'p1', ingestionId: null, follow: true }]);
    session.play({ acknowledge: {} });
    const progress = progressOf();
    session.play({ progress });
    expect(client.getSnapshot().progress).toEqual(progress);
    expect(client.getSnapshot().knowledge).toBe('confirmed');
    expect(seen).toEqual(['idle', 'connecting', 'connected']);
  });

  it('comes back after 1, 2 and 4 seconds, and polls from the third failure on', async () => {
    const { environment, webSocket, polling, follow } = setUp();
    const { seen } = record(follow());
    await environment.settle();
    webSocket.sessions[0]!.play({ close: 1006 });
    await environment.advance(999);
    expect(webSocket.sessions).toHaveLength(1);
    await environment.advance(1);
    webSocket.sessions[1]!.play({ close: 1006 });
    await environment.advance(2_000);
    expect(polling.sessions).toHaveLength(0);
    webSocket.sessions[2]!.play({ close: 1006 });
    await environment.settle();
    expect(polling.sessions).toHaveLength(1);
    polling.sessions[0]!.play({ progress: progressOf() });
    expect(seen).toEqual([
      'idle',
      'connecting',
      'reconnecting 0 waiting',
      'reconnecting 1',
      'reconnecting 1 waiting',
      'reconnecting 2',
      'reconnecting 2 waiting',
      'polling',
    ]);
    await environment.advance(4_000);
    webSocket.sessions[3]!.play({ progress: completedOf() });
    expect(seen.at(-1)).toBe('connected');
    expect(polling.sessions[0]!.open).toBe(false);
  });
});
