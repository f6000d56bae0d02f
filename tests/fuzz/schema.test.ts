/** Random documents that the schema allows, over HTTP and WebSocket: answered with data or coded errors. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { AT_ONCE, TIMEOUT_MS, fuzzing } from './cases.js';
import { documentsOf } from './queries.js';
import { OWN_TOKEN, startTarget } from './target.js';
import type { Target } from './target.js';

const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
let target: Target;
beforeAll(async () => {
  target = await startTarget();
  await post(
    'mutation { startIngestion(input: { projectId: "mine", ingestionId: "run-1" }) { lastSequence } }',
  );
});
afterAll(() => target.stop());

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly unknown[] | undefined;
}

let turn = 0;

async function post(query: string): Promise<Answer> {
  turn += 1;
  const response = await fetch(`${target.server.url}/graphql`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${OWN_TOKEN}`,
      'X-Forwarded-For': `10.${turn >> 16}.${(turn >> 8) & 255}.${turn & 255}`,
    },
    body: JSON.stringify({ query }),
  });
  const text = await response.text();
  target.expectClean(text);
  return JSON.parse(text) as Answer;
}

/** The first answer of a subscription. */
function subscribe(client: Client, query: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stop = client.subscribe(
      { query },
      {
        next: (result) => {
          resolve(result);
          stop();
        },
        error: (error) =>
          Array.isArray(error) ? resolve({ errors: error }) : reject(new Error(JSON.stringify(error))),
        complete: () => resolve({ data: null }),
      },
    );
  });
}

function expectAnswered(answer: Answer): void {
  target.expectClean(JSON.stringify(answer));
  expect(answer.data !== undefined || (answer.errors?.length ?? 0) > 0).toBe(true);
  target.expectCoded(answer.errors ?? []);
}

for (const kind of ['query', 'mutation'] as const) {
  test(
    `any ${kind} that the schema allows is answered with data or coded errors`,
    async () => {
      const documents = fc.array(documentsOf(schema, kind), { minLength: AT_ONCE, maxLength: AT_ONCE });
      let withData = 0;
      await fc.assert(
        fc.asyncProperty(documents, async (all) => {
          for (const answer of await Promise.all(all.map(post))) {
            expectAnswered(answer);
            if (answer.data !== undefined && answer.data !== null) withData += 1;
            // Once an ending was drawn, this is what a report that passed every check gets.
            else if (JSON.stringify(answer.errors).includes('CONFLICT')) withData += 1;
          }
        }),
        fuzzing(`schema, ${kind}`),
      );
      // Not all of them are refused before they reach what they ask for.
      expect(withData).toBeGreaterThan(0);
      await target.expectUnharmed();
    },
    TIMEOUT_MS,
  );
}

test(
  'any subscription that the schema allows begins with an event or is refused by a coded error',
  async () => {
    const documents = fc.array(documentsOf(schema, 'subscription'), {
      minLength: AT_ONCE,
      maxLength: AT_ONCE,
    });
    await fc.assert(
      fc.asyncProperty(documents, async (all) => {
        turn += 1;
        const from = `10.200.${turn >> 8}.${turn & 255}`;
        const client = createClient({
          url: `${target.server.url.replace('http', 'ws')}/graphql`,
          connectionParams: { token: OWN_TOKEN },
          retryAttempts: 0,
          webSocketImpl: class extends WebSocket {
            constructor(url: string, protocol: string) {
              super(url, protocol, { headers: { 'X-Forwarded-For': from } });
            }
          },
        });
        // A commands subscription says nothing until somebody commands; its silence is an answer too.
        const silence = all.map((query) => query.includes('ingestionCommands'));
        const answers = await Promise.all(
          all.filter((_, place) => !silence[place]).map((query) => subscribe(client, query)),
        );
        answers.forEach(expectAnswered);
        await client.dispose();
      }),
      fuzzing('schema, subscription'),
    );
    await target.expectUnharmed();
  },
  TIMEOUT_MS,
);
