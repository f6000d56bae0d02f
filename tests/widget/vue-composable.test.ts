import { createSSRApp, effectScope, h, nextTick, shallowRef } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { expect, it } from 'vitest';
import { useIngestionProgress, type UseIngestionProgressOptions } from '../../widget/vue/index.js';
import { setup } from './support/setup.js';
import { completedOf, failedOf, progressOf } from './support/states.js';

/** The composable in a scope of its own, as a component has one, over a scripted server. */
async function use(options: UseIngestionProgressOptions = {}) {
  const parts = setup();
  const scope = effectScope();
  const projectId = shallowRef('p1');
  const used = scope.run(() =>
    useIngestionProgress(projectId, { connection: parts.connection, ...options }),
  )!;
  await nextTick();
  return { ...parts, ...used, scope, projectId };
}

it('shows an ingestion to its end, closes there, and reports completion once', async () => {
  const reported: string[] = [];
  const { view, socket } = await use({ onComplete: ({ result }) => reported.push(result.outcome) });
  expect(view.value).toMatchObject({ connectionState: 'connecting', state: null, currentPhase: null });
  const session = await socket();
  session.play({ progress: progressOf({ percent: 40 }) });
  expect(view.value).toMatchObject({
    connectionState: 'connected',
    currentPhase: 1,
    progress: { 1: 40, 2: null, 3: null, 4: null },
    isDegraded: false,
  });
  session.play({ progress: completedOf() });
  expect(view.value).toMatchObject({ connectionState: 'completed', result: { outcome: 'SUCCESS' } });
  expect(session.open).toBe(false);
  expect(reported).toEqual(['SUCCESS']);
});

it('goes over to another project on the same socket, and drops what comes late for the first', async () => {
  const { view, socket, projectId, webSocket } = await use({ follow: true });
  const session = await socket();
  session.play({ progress: progressOf({ percent: 40 }), projectId: 'p1' });
  projectId.value = 'p2';
  await nextTick();
  expect(session.targets.map((target) => target.projectId)).toEqual(['p1', 'p2']);
  expect(view.value.state).toBeNull();
  session.play({ progress: progressOf({ projectId: 'p2', percent: 80 }), projectId: 'p2' });
  session.play({ progress: progressOf({ percent: 50 }), projectId: 'p1' });
  expect(view.value.progress[1]).toBe(80);
  expect(webSocket.sessions).toHaveLength(1);
});

it('gives everything back a second after its scope has ended', async () => {
  const { environment, scope, socket, webSocket } = await use({ follow: true });
  (await socket()).play({ progress: progressOf() });
  scope.stop();
  await environment.advance(1_000);
  expect(webSocket.sessions[0]?.open).toBe(false);
  expect([environment.timerCount, environment.signalCount]).toEqual([0, 0]);
});

it('reports a failure and a stopped connection once each; reconnect restores it', async () => {
  const reported: string[] = [];
  const { view, socket, reconnect } = await use({
    onError: ({ error }) => reported.push(error.errorCode),
    onConnectionError: ({ code }) => reported.push(code),
  });
  const session = await socket();
  session.play({ progress: progressOf() });
  session.play({ progress: failedOf() });
  session.play({ reject: 'FORBIDDEN' });
  expect(view.value).toMatchObject({
    connectionState: 'unauthorized',
    connectionError: { code: 'FORBIDDEN' },
  });
  expect(reported).toEqual(['SOURCE_UNREACHABLE', 'FORBIDDEN']);
  reconnect();
  (await socket()).play({ progress: progressOf() });
  expect(view.value.connectionState).toBe('connected');
});

it('reports once a connection that stopped before the first listener', async () => {
  const reported: string[] = [];
  const options = { onConnectionError: ({ code }: { readonly code: string }) => reported.push(code) };
  const { projectId } = await use({ ...options, ingestionId: '..' });
  expect(reported).toEqual(['INGESTION_ID_INVALID']);
  projectId.value = 'p2';
  await nextTick();
  expect(reported).toHaveLength(2);
});

it('opens nothing where a server renders it', async () => {
  const { environment, connection, webSocket } = setup();
  const app = createSSRApp({
    setup() {
      const { view } = useIngestionProgress('p1', { connection });
      return () => h('p', view.value.connectionState);
    },
  });
  expect(await renderToString(app)).toBe('<p>idle</p>');
  await environment.advance(10_000);
  expect([webSocket.sessions.length, environment.timerCount, environment.signalCount]).toEqual([0, 0, 0]);
});
