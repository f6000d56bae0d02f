// A server, a job in its process, a job in another process, and a watcher, with the installed packages.
import { createProgressServer } from '@ingestion-progress/server';
import { createReporter } from '@ingestion-progress/server/reporter';
import {
  createConnection,
  createEnvironment,
  createIngestionClient,
} from '@ingestion-progress/widget/client';
import jwt from 'jsonwebtoken';
import { WebSocket } from 'ws';

const jwtSecret = 'a secret of the smoke test, long enough';
const token = jwt.sign({ sub: 'smoke', projects: '*', scope: 'progress:write' }, jwtSecret, {
  expiresIn: 600,
});
const server = await createProgressServer({ jwtSecret, port: 0, logLevel: 'warn' });
const endpoint = `${server.url}/graphql`;

const connection = createConnection(
  { endpoint, token },
  { environment: createEnvironment({ webSocket: WebSocket }) },
);
for (const projectId of ['inside', 'elsewhere']) {
  const client = createIngestionClient({ projectId, connection });
  const completed = new Promise((resolve) => client.on('complete', resolve));
  const seen = new Promise((resolve) => client.subscribe(() => client.getSnapshot().progress && resolve()));
  const reporter = createReporter({ endpoint, token, projectId });
  const run = await (projectId === 'inside' ? server.emitter : reporter).startIngestion(
    ...(projectId === 'inside' ? [projectId, {}] : [{}]),
  );
  await seen;
  await run.emitPhaseStarted(1, 'Reading');
  run.emitProgressUpdate(1, 50, { itemsProcessed: 1, itemsTotal: 2 });
  await run.emitComplete({ itemsProcessed: 2, itemsFailed: 0 });
  await completed;
  console.log(projectId, client.getSnapshot().progress.status);
  client.dispose();
  reporter.dispose();
}
connection.dispose();
await server.close();
