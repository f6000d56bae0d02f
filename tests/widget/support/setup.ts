/** A client with scripted transports in a manual environment: only time and network are fake. */
import { createIngestionClient } from '../../../widget/client/client.js';
import { createConnection, type Connection } from '../../../widget/client/connection.js';
import type {
  ConnectionOptions,
  IngestionClient,
  IngestionClientOptions,
} from '../../../widget/client/types.js';
import {
  createScriptedTransport,
  type ScriptedSession,
  type ScriptedTransport,
} from '../../../widget/testing/scripted-transport.js';
import { createManualEnvironment, type ManualEnvironment } from './manual-environment.js';

/** The parts. */
export interface Setup {
  readonly environment: ManualEnvironment;
  readonly webSocket: ScriptedTransport;
  readonly polling: ScriptedTransport;
  readonly connection: Connection;
  follow(options?: Partial<IngestionClientOptions>): IngestionClient;
  /** The newest socket, once pending promises have settled. */
  socket(): Promise<ScriptedSession>;
}

/** Makes the setup. */
export function setup(
  options: ConnectionOptions = {},
  environment: ManualEnvironment = createManualEnvironment(),
): Setup {
  const webSocket = createScriptedTransport({ environment });
  const polling = createScriptedTransport({ environment });
  const connection = createConnection(options, {
    environment,
    webSocketTransport: webSocket,
    pollingTransport: polling,
  });
  return {
    environment,
    webSocket,
    polling,
    connection,
    follow: (over = {}) => createIngestionClient({ projectId: 'p1', connection, ...over }),
    async socket() {
      await environment.settle();
      const newest = webSocket.sessions.at(-1);
      if (newest === undefined) throw new Error('No socket was opened.');
      return newest;
    },
  };
}

/** The events of a client, in order. */
export function eventsOf(client: IngestionClient): string[] {
  const events: string[] = [];
  client.on('phase-started', ({ phase }) => events.push(`phase ${String(phase)}`));
  client.on('complete', ({ progress }) => events.push(`complete ${progress.id}`));
  client.on('error', ({ error }) => events.push(`error ${error.errorCode}`));
  client.on('cancelled', () => events.push('cancelled'));
  return events;
}

/** An unsigned JWT. */
export const jwtOf = (claims: object): string => `head.${btoa(JSON.stringify(claims))}.sign`;
/** An unsigned JWT for a `sub`. */
export const tokenOf = (sub: string): string => jwtOf({ sub });
