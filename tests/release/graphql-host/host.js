// An application with a graphql, a Yoga and a graphql-ws of its own (and Apollo Server, if it is installed), and the
// progress server beside them. Prints a line for each step, so that one that fails hides no other.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createProgressServer } from '@ingestion-progress/server';
import { buildSchema, version } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import jwt from 'jsonwebtoken';
import { WebSocket, WebSocketServer } from 'ws';

/** Beginning and end, since some of graphql's errors show a whole schema in between. */
function shortened(text) {
  return text.length <= 200 ? text : `${text.slice(0, 80)} … ${text.slice(-80)}`;
}

async function step(name, task) {
  try {
    await task();
    console.log(`ok    ${name}`);
  } catch (error) {
    console.log(`FAIL  ${name}: ${shortened(String(error.message ?? error).split('\n')[0])}`);
  }
}

/** The first value of a subscription or a query over graphql-ws. */
async function first(url, connectionParams, query) {
  const client = createClient({ url, connectionParams, webSocketImpl: WebSocket, retryAttempts: 0 });
  for await (const { data, errors } of client.iterate({ query })) {
    await client.dispose();
    assert.equal(errors, undefined);
    return data;
  }
  throw new Error('The subscription ended without a value.');
}

console.log(`node ${process.versions.node}, graphql ${version}`);

await step('its own Yoga answers a query', async () => {
  const schema = createSchema({
    typeDefs: 'type Query { hello: String }',
    resolvers: { Query: { hello: () => 'world' } },
  });
  const yoga = createYoga({ schema, logging: false });
  const response = await yoga.fetch('http://host/graphql?query={hello}');
  assert.deepEqual(await response.json(), { data: { hello: 'world' } });
});

await step('its own graphql-ws answers a query', async () => {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: '/own' });
  const schema = buildSchema('type Query { hello: String }');
  useServer({ schema, roots: { query: { hello: () => 'world' } } }, sockets);
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const data = await first(`ws://127.0.0.1:${http.address().port}/own`, {}, '{ hello }');
  assert.deepEqual({ ...data }, { hello: 'world' });
  sockets.close();
  http.close();
});

const apollo = await import('@apollo/server').catch(() => null);
if (apollo !== null) {
  await step('Apollo Server answers a query', async () => {
    const resolvers = { Query: { hello: () => 'world' } };
    const server = new apollo.ApolloServer({ typeDefs: 'type Query { hello: String }', resolvers });
    const { body } = await server.executeOperation({ query: '{ hello }' });
    assert.equal(body.singleResult.data.hello, 'world');
    await server.stop();
  });
}

const jwtSecret = 'a secret of the graphql hosts, long enough';
const token = jwt.sign({ sub: 'host', projects: '*', scope: 'progress:read' }, jwtSecret, { expiresIn: 600 });
let server = null;
await step('createProgressServer starts', async () => {
  server = await createProgressServer({ jwtSecret, port: 0, logLevel: 'error' });
});
if (server !== null) {
  const { emitter, url } = server;
  await step('the progress server answers a query', async () => {
    const run = await emitter.startIngestion('p', {});
    await run.emitPhaseStarted(2, 'Reading');
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ progress(projectId: "p") { currentPhase } }' }),
    });
    assert.deepEqual(await response.json(), { data: { progress: { currentPhase: 2 } } });
  });
  await step('the progress server answers a subscription', async () => {
    const query = 'subscription { ingestionProgress(projectId: "p") { progress { currentPhase } } }';
    const data = await first(`${url.replace('http', 'ws')}/graphql`, { token }, query);
    assert.equal(data.ingestionProgress.progress.currentPhase, 2);
  });
  await server.close();
}
