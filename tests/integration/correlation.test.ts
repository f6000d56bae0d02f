/** One id leads through the log: from a report over the network to the watchers of another server that are told of it. */
import { describe, expect, it } from 'vitest';
import { parseMessage, serializeChange } from '../../server/bus/bus-codec.js';
import { changeOf, recordOf } from '../support/records.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { LogLine, RunningServer } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

const token = tokenFor({ scope: 'progress:write' });
const START = 'mutation { startIngestion(input: { projectId: "p1", ingestionId: "i1" }) { lastSequence } }';
const PHASE = `mutation { reportPhaseStarted(input: { projectId: "p1", ingestionId: "i1", phase: 1, message: "Looking" }) { accepted } }`;
const UPDATE = `mutation { reportProgress(input: { projectId: "p1", ingestionId: "i1", phase: 1, progressPercent: 40 }) { accepted } }`;
const COMPLETE = `mutation { completeIngestion(input: { projectId: "p1", ingestionId: "i1", result: {} }) { accepted } }`;

async function send({ url }: RunningServer, query: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ query }),
  });
  return response.text();
}

/** What the log says of a request, in order. */
const wordsOf = (lines: readonly LogLine[], requestId: string) =>
  lines.filter((line) => line['requestId'] === requestId).map(({ message }) => message);

describe('the id of a request', () => {
  it('leads from a report to its storing and to the watchers who are told', async () => {
    const running = await startTestServer();
    const watch = watchStock(connectStock(running.wsUrl, { token: tokenFor() }), 'p1');
    await watch.events.next();
    await send(running, START, { 'x-request-id': 'the-start' });
    await send(running, PHASE, { 'x-request-id': 'the-phase' });
    await send(running, UPDATE, { 'x-request-id': 'the-update' });
    await send(running, COMPLETE, { 'x-request-id': 'the-end' });
    expect(await watch.ended).toBe('completed');

    const { lines } = running;
    expect(wordsOf(lines, 'the-start').sort()).toEqual([
      'progress committed',
      'progress published to watchers',
      'progress stored',
    ]);
    expect(wordsOf(lines, 'the-end').sort()).toEqual([
      'progress committed',
      'progress published to watchers',
      'progress stored',
    ]);
    expect(wordsOf(lines, 'the-update')).toEqual(
      expect.arrayContaining(['progress committed', 'progress published to watchers']),
    );
    const ofTheEnd = lines.filter((line) => line['requestId'] === 'the-end');
    expect(new Set(ofTheEnd.map(({ revision }) => revision)).size).toBe(1);
    expect(ofTheEnd.find(({ message }) => message === 'progress published to watchers')).toMatchObject({
      watchers: 1,
    });
    expect(watch.events.all.map((event) => JSON.stringify(event)).join()).not.toContain('the-');
  });

  it('crosses the bus to other servers beside the event, not in it', () => {
    const sent = { ...changeOf(recordOf()), requestId: 'r' };
    const { event, record } = serializeChange(sent);
    const heard = parseMessage(`{"kind":"change","event":${event},"record":${record}}`);
    expect(heard).toEqual({ kind: 'change', change: sent });
  });

  it('stands beside what a report was refused for', async () => {
    const running = await startTestServer();
    await send(running, PHASE, { 'x-request-id': 'too-early' });
    await send(running, START, {});
    await send(running, UPDATE.replace('phase: 1', 'phase: 100'), { 'x-request-id': 'too-much' });
    await send(running, PHASE, { 'x-request-id': 'a-thief', authorization: 'Bearer no-token' });
    const refusals = running.lines.filter(({ code }) => code !== undefined);
    expect(refusals.map(({ requestId, code }) => [requestId, code])).toEqual([
      ['too-early', 'CONFLICT'],
      ['too-much', 'BAD_USER_INPUT'],
      ['a-thief', 'UNAUTHENTICATED'],
    ]);
  });

  it.each([
    [
      'the trace of a traceparent',
      { traceparent: `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01` },
      'a1'.repeat(16),
    ],
    ['an id of 64 characters', { 'x-request-id': 'x'.repeat(64) }, 'x'.repeat(64)],
  ])('may be %s', async (_, headers, requestId) => {
    const running = await startTestServer();
    await send(running, START, headers);
    expect(wordsOf(running.lines, requestId)).toContain('progress committed');
  });

  it.each([
    ['longer than 64 characters', { 'x-request-id': 'x'.repeat(65) }],
    ['what would need escaping', { 'x-request-id': 'a "quoted" id' }],
    ['a trace of zeros', { traceparent: `00-${'0'.repeat(32)}-${'b2'.repeat(8)}-01` }],
    ['a token', { 'x-request-id': token }],
  ])('is made up in the place of %s', async (_, headers) => {
    const running = await startTestServer();
    await send(running, START, headers);
    const { requestId } = await running.line(({ message }) => message === 'progress committed');
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
