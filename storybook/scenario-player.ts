/** Plays a scenario: a real client and connection over scripted transports. */
import '@ingestion-progress/widget/define';
import type { IngestionProgressElement } from '@ingestion-progress/widget';
import {
  createConnection,
  createEnvironment,
  createIngestionClient,
} from '@ingestion-progress/widget/client';
import { createScriptedTransport } from '@ingestion-progress/widget/testing';
import { scenariosFrom } from './scenarios.js';

type Signal = Parameters<Parameters<ReturnType<typeof createEnvironment>['onSignal']>[0]>[0];

/** Makes an element that follows a scenario from now on. */
export function playScenario(name: string): IngestionProgressElement {
  const scenario = scenariosFrom(Date.now())[name];
  if (scenario === undefined) throw new RangeError(`There is no scenario "${name}".`);
  const { socket, polls = [[{ atMs: 0, close: 1006 }]], offline, afterRetry, stalledAfter = 45 } = scenario;

  let isOnline = true;
  const listeners = new Set<(signal: Signal) => void>();
  const environment = {
    ...createEnvironment(),
    isOnline: () => isOnline,
    onSignal: (listener: (signal: Signal) => void) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
  const webSocketTransport = createScriptedTransport({ environment, scenario: socket });
  const pollingTransport = createScriptedTransport({ environment, scenario: polls });
  webSocketTransport.onRequest = () => {
    const session = webSocketTransport.sessions.at(-1);
    for (const step of afterRetry ?? []) {
      environment.setTimer(1000 + step.atMs, () => session?.play(step));
    }
    return { retryIngestion: { id: 'command', status: 'ACCEPTED', reason: null } };
  };
  const setOnline = (value: boolean): void => {
    isOnline = value;
    for (const listener of [...listeners]) listener(value ? 'wake' : 'offline');
  };
  if (offline !== undefined) {
    environment.setTimer(offline.fromMs, () => {
      setOnline(false);
    });
    environment.setTimer(offline.toMs, () => {
      setOnline(true);
    });
  }

  let tokens = 0;
  const connection = createConnection(
    { endpoint: 'https://demo.invalid/graphql', getToken: () => `token-${String((tokens += 1))}` },
    { environment, webSocketTransport, pollingTransport },
  );
  const element = document.createElement('ingestion-progress');
  element.stalledAfter = stalledAfter;
  element.client = createIngestionClient({ projectId: 'demo', connection, remember: 'none' });
  return element;
}
