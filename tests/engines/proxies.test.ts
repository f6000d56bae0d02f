/**
 * Issue 14, found 9, proxies: connections that the proxy keeps are not closed under it, and server-sent events arrive
 * through one that buffers.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WatchProgressDocument } from '@ingestion-progress/schema/operations';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startNginx } from '../deployment/nginx.js';
import type { Daemon } from '../support/daemon.js';
import { tokenFor } from '../support/tokens.js';
import { embedded, startOutside, WRITER } from './support/outside.js';
import { startDefaultNginx } from './support/default-nginx.js';

vi.setConfig({ testTimeout: 60_000 });

/** nginx' `keepalive_timeout` of an upstream, which the shipped nginx.conf does not set, in seconds. */
const NGINX_KEEPS_SECONDS = 60;

it('keeps an idle connection open for longer than nginx does', async () => {
  const { address } = await startOutside(embedded());
  const response = await fetch(`${address}/healthz`);
  const [, seconds] = /timeout=(\d+)/.exec(response.headers.get('keep-alive') ?? '') ?? [];
  expect(Number(seconds)).toBeGreaterThan(NGINX_KEEPS_SECONDS);
});

/** The processes that do nginx' work. */
function workersOf(nginx: Daemon): readonly number[] {
  const master = readFileSync(join(nginx.directory, 'nginx.pid'), 'utf8').trim();
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8');
  return children.trim().split(' ').map(Number);
}

// A worker that is busy for a moment takes a report before it hears that the server has closed the connection that it
// kept for it; a report (POST) that was sent is not repeated, and is answered 502. Here each worker is busy in that moment.
it('answers every report through the shipped nginx.conf, however long the pause since the last one', async () => {
  const server = await startOutside(embedded());
  const port = Number(new URL(server.address).port);
  const nginx = await startNginx([port, port]);
  onTestFinished(() => nginx.dispose());
  const query = `mutation ($input: ReportProgressInput!) { reportProgress(input: $input) { accepted } }`;
  const ids = await Promise.all(Array.from({ length: 20 }, (_, job) => server.start(`p${job}`)));
  const reportAll = (sequence: number) =>
    Promise.all(
      ids.map(async (ingestionId, job) => {
        const input = { projectId: `p${job}`, ingestionId, sequence, phase: 1, progressPercent: sequence };
        const response = await fetch(`http://127.0.0.1:${nginx.port}/graphql`, {
          method: 'POST',
          headers: { authorization: `Bearer ${WRITER}`, 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables: { input } }),
        });
        await response.text();
        return response.status;
      }),
    );
  expect(new Set(await reportAll(1))).toEqual(new Set([200]));
  // By Node's default a connection is closed five seconds after its last answer; the pause is what is tried.
  await delay(4_000);
  for (const pid of workersOf(nginx)) process.kill(pid, 'SIGSTOP');
  const answers = reportAll(2);
  await delay(3_000);
  for (const pid of workersOf(nginx)) process.kill(pid, 'SIGCONT');
  expect((await answers).filter((status) => status !== 200)).toEqual([]);
});

/** Asks for server-sent events, and gives the answer with its body unread. */
function subscribe(address: string): Promise<Response> {
  return fetch(`${address}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenFor()}`,
      accept: 'text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      query: String(WatchProgressDocument),
      variables: { projectId: 'p1', follow: false },
    }),
    signal: AbortSignal.timeout(10_000),
  });
}

async function expectSnapshot(response: Response): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('ProgressSnapshot')) return;
  }
  throw new Error(`The stream ended without a snapshot: ${text}`);
}

it('says of server-sent events that they are not to be buffered', async () => {
  const server = await startOutside(embedded());
  await server.start('p1');
  const response = await subscribe(server.address);
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  await expectSnapshot(response);
});

it('sends server-sent events through an nginx that has its defaults', async () => {
  const server = await startOutside(embedded());
  await server.start('p1');
  const nginx = await startDefaultNginx(Number(new URL(server.address).port));
  onTestFinished(() => nginx.dispose());
  await expectSnapshot(await subscribe(`http://127.0.0.1:${nginx.port}`));
});
