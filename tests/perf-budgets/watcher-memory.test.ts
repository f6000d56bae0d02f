/** The subscribe message of a watcher is released after it was read, however long it is. */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { token } from '../../bench/workload.js';
import { freshProject, startCounted } from './counted-server.js';

const WATCHERS = 50;
/** Spaces in the document, which is cached once: bytes that must not be kept per watcher. */
const PADDING = 18_000;

async function openWatcher(url: string, projectId: string): Promise<void> {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  onTestFinished(() => socket.terminate());
  const send = (message: object) => socket.send(JSON.stringify(message));
  await once(socket, 'open');
  send({ type: 'connection_init', payload: { token: token() } });
  await once(socket, 'message');
  const query = `subscription { ingestionProgress(projectId: "${projectId}") {${' '.repeat(PADDING)}revision } }`;
  send({ id: 'one', type: 'subscribe', payload: { query } });
  const [first] = (await once(socket, 'message')) as [Buffer];
  expect(String(first)).toContain('"type":"next"');
}

it('the text of a subscribe message is not kept while the subscription lives', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { server } = await startCounted();
  const url = `${server.url.replace('http:', 'ws:')}/graphql`;
  const project = freshProject();
  for (let index = 0; index < WATCHERS; index += 1) await openWatcher(url, project);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < WATCHERS; index += 1) await openWatcher(url, project);
  collect();
  expect((process.memoryUsage().heapUsed - before) / WATCHERS).toBeLessThan(PADDING);
});
