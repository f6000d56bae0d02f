import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressServer } from '@ingestion-progress/server';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { startServer, tokenFor } from '../../widget/support/real-server.js';
import { createBench, type Bench, type ClientPage, type Seen } from './support/browser.js';
import { createFaultProxy, type FaultProxy } from './support/fault-proxy.js';

let bench: Bench;
let server: ProgressServer;
let faults: FaultProxy;
let cable: TcpProxy;
let page: ClientPage;
let project = 0;

beforeAll(async () => {
  bench = await createBench();
  server = await startServer({ corsOrigins: ['*'] });
});
afterAll(async () => {
  await server.close();
  await bench[Symbol.asyncDispose]();
});
beforeEach(async () => {
  project += 1;
  faults = await createFaultProxy(Number(new URL(server.url).port));
  cable = await createTcpProxy(faults.port);
  page = await bench.open({ clock: true });
});
afterEach(async () => {
  expect(page.errors).toEqual([]);
  await page.context.close();
  await cable.dispose();
  await faults[Symbol.asyncDispose]();
});

const projectId = (): string => `network-${String(project)}`;
const follow = (): Promise<Seen> =>
  page.follow({
    endpoint: `http://127.0.0.1:${String(cable.port)}/graphql`,
    projectId: projectId(),
    token: tokenFor({ expiresInSeconds: 3_600 }),
    jitter: 0,
  });

/** A run at half of its first phase. */
async function run(): Promise<void> {
  await server.emitter.emitPhaseStarted(projectId(), 1, 'Reading');
  server.emitter.emitProgressUpdate(projectId(), 1, 50);
}
/** Goes on while nobody may be looking. */
const goOn = (): Promise<unknown> => server.emitter.emitPhaseStarted(projectId(), 3, 'Thinking');
const shows =
  (percent: number) => (now: { readonly progress: { readonly progressPercent: number | null } | null }) =>
    now.progress?.progressPercent === percent;

describe('What the person saw when the network failed', () => {
  it('cut without FIN: reconnecting, then connected with what was missed', async () => {
    await run();
    const seen = await follow();
    await seen.until(shows(12.5));
    cable.cut();
    await seen.reaches('reconnecting');
    await goOn();
    await page.pass(1_000);
    await seen.until(shows(50));
    expect(seen.states).toEqual([
      'idle',
      'connecting',
      'connected',
      'reconnecting 0 waiting',
      'reconnecting 1',
      'connected',
    ]);
    expect(seen.events).toEqual(['phase-started 2', 'phase-started 3']);
  });
});
