import { expect, it } from 'vitest';
import { createConnection } from '../../widget/client/connection.js';
import { createIngestionClient } from '../../widget/client/client.js';
import { createScriptedTransport } from '../../widget/testing/scripted-transport.js';
import { createManualEnvironment } from './support/manual-environment.js';
import { completedOf, progressOf, record } from './support/states.js';

it('A written scenario plays each session in its turn, each step at its time, the last session for all that follow', async () => {
  const environment = createManualEnvironment();
  const webSocketTransport = createScriptedTransport({
    environment,
    scenario: [
      [
        { atMs: 50, acknowledge: {} },
        { atMs: 100, progress: progressOf({ percent: 40 }) },
        { atMs: 3_000, close: 1006 },
      ],
      [
        { atMs: 10, reject: 'UNAVAILABLE', projectId: 'another' },
        { atMs: 200, progress: completedOf() },
        { atMs: 6_000, close: 1012 },
      ],
    ],
  });
  const pollingTransport = createScriptedTransport({ environment });
  const connection = createConnection({}, { environment, webSocketTransport, pollingTransport });
  const client = createIngestionClient({ projectId: 'p1', connection });
  const { seen } = record(client);
  const outcomes: string[] = [];
  client.on('complete', ({ result }) => outcomes.push(result.outcome));
  await environment.advance(99);
  expect(seen).toEqual(['idle', 'connecting']);
  await environment.advance(1);
  expect(seen.at(-1)).toBe('connected');
  await environment.advance(2_900);
  expect(seen.at(-1)).toBe('reconnecting 0 waiting');
  await environment.advance(1_000 + 200);
  expect(seen.at(-1)).toBe('connected');
  expect(outcomes).toEqual(['SUCCESS']);
  await environment.advance(5_800 + 2_500 + 200);
  expect(webSocketTransport.sessions).toHaveLength(3);
  expect(seen.at(-1)).toBe('connected');
  client.dispose();
  expect(environment.timerCount).toBe(0);
});
