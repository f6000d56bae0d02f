import { describe, expect, it } from 'vitest';
import { createPollingTransport } from '../../widget/client/polling-transport.js';
import type { ServerMessage, Failure, SessionListener } from '../../widget/client/transport.js';
import { createManualEnvironment } from './support/manual-environment.js';
import { progressOf } from './support/states.js';

interface Asked {
  readonly url: URL;
  readonly init: RequestInit;
  readonly answer: (response: Response) => void;
  readonly fail: () => void;
}

function session() {
  const requests: Asked[] = [];
  const environment = createManualEnvironment({
    fetch: (url, init) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new TypeError('Failed to fetch'));
        init.signal?.addEventListener('abort', fail);
        requests.push({ url: new URL(url), init, answer: resolve, fail });
      }),
  });
  const calls: string[] = [];
  const messages: string[] = [];
  const answers: ServerMessage[] = [];
  const listener: SessionListener = {
    onAcknowledged: () => calls.push('acknowledged'),
    onData: () => calls.push('data'),
    onAlive: () => calls.push('alive'),
    onFailure: ({ error }: Failure) => {
      calls.push(`lost ${error.code}`);
      messages.push(error.message);
    },
  };
  const url = 'https://api.example/graphql?tenant=1';
  const open = createPollingTransport({ environment, url, pollTimeoutMs: 10_000 }).open('secret', listener);
  const watch = (projectId: string): (() => void) =>
    open.watch({ projectId, ingestionId: null, follow: true }, (answer) => answers.push(answer));
  return { environment, requests, calls, messages, answers, open, watch };
}
const json = (body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json', ...headers } });
const headersOf = ({ init }: Asked): Record<string, string> => init.headers as Record<string, string>;

describe('A poll', () => {
  it('asks by GET, with the token in its header and never in the address', async () => {
    const { environment, requests, open, watch } = session();
    watch('p1');
    open.check();
    await environment.settle();
    const [request] = requests;
    expect(request?.init.method ?? 'GET').toBe('GET');
    expect(request?.url.href).not.toContain('secret');
    expect(headersOf(request!)).toMatchObject({ authorization: 'Bearer secret' });
    expect(request?.url.searchParams.get('tenant')).toBe('1');
    expect(request?.url.searchParams.get('query')).toMatch(/^query ReadProgress/);
    expect(JSON.parse(request?.url.searchParams.get('variables') ?? '')).toEqual({
      projectId: 'p1',
      ingestionId: null,
    });
  });

  it('sends back the ETag, and takes 304 for a confirmation with the server’s time', async () => {
    const { environment, requests, calls, answers, open, watch } = session();
    watch('p1');
    open.check();
    await environment.settle();
    const progress = progressOf();
    const date = 'Tue, 14 Nov 2023 22:13:20 GMT';
    requests[0]?.answer(json({ data: { progress } }, { etag: '"7"', date }));
    await environment.settle();
    open.check();
    await environment.settle();
    expect(headersOf(requests[1]!)).toMatchObject({ 'if-none-match': '"7"' });
    requests[1]?.answer(new Response(null, { status: 304, headers: { date } }));
    await environment.settle();
    expect(answers).toEqual([
      { type: 'state', progress, serverTime: 1_700_000_000_000 },
      { type: 'unchanged', serverTime: 1_700_000_000_000 },
    ]);
    expect(calls).toEqual(['data', 'data']);
  });

  it('never overlaps with another', async () => {
    const { environment, requests, open, watch } = session();
    watch('p1');
    open.check();
    open.check();
    await environment.settle();
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['no network', 'CONNECTION_LOST', (request: Asked) => request.fail()],
    ['a login page', 'NOT_GRAPHQL', (request: Asked) => request.answer(new Response('<html>Log in</html>'))],
    [
      'a captive portal',
      'NOT_GRAPHQL',
      (request: Asked) => request.answer(new Response('<', { status: 511 })),
    ],
    ['a bare 502', 'NOT_GRAPHQL', (request: Asked) => request.answer(new Response('', { status: 502 }))],
    ['JSON that is no answer', 'NOT_GRAPHQL', (request: Asked) => request.answer(json({ hello: true }))],
    ['null', 'NOT_GRAPHQL', (request: Asked) => request.answer(json(null))],
  ])('fails as a whole at %s', async (_what, code, answer) => {
    const { environment, requests, calls, answers, open, watch } = session();
    watch('p1');
    open.check();
    await environment.settle();
    answer(requests[0]!);
    await new Promise((resolve) => setImmediate(resolve));
    await environment.settle();
    expect(calls).toEqual([`lost ${code}`]);
    expect(answers).toEqual([]);
  });

  it('tells status and content type of an answer that is not GraphQL', async () => {
    const { environment, requests, messages, open, watch } = session();
    watch('p1');
    open.check();
    await environment.settle();
    requests[0]?.answer(new Response('<html>', { status: 511, headers: { 'content-type': 'text/html' } }));
    await new Promise((resolve) => setImmediate(resolve));
    await environment.settle();
    expect(messages.join()).toContain('answered 511 text/html: not GraphQL');
  });

  // (invariant: every-step-has-a-timeout)
  it('fails after its deadline, and gives the request up', async () => {
    const { environment, requests, calls, open, watch } = session();
    watch('p1');
    open.check();
    await environment.advance(10_000);
    expect(calls).toEqual(['lost TIMEOUT']);
    expect(requests[0]?.init.signal?.aborted).toBe(true);
    expect(environment.timerCount).toBe(0);
  });

  it('reports a rejection to the watch concerned, and continues with the others', async () => {
    const { environment, requests, calls, answers, open, watch } = session();
    watch('mine');
    watch('other');
    open.check();
    await environment.settle();
    requests[0]?.answer(json({ data: { progress: null } }));
    requests[1]?.answer(
      json({ data: null, errors: [{ message: 'No.', extensions: { code: 'FORBIDDEN' } }] }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await environment.settle();
    expect(answers).toEqual([
      { type: 'state', progress: null, serverTime: null },
      { type: 'failed', failure: { policy: 'deny', error: { code: 'FORBIDDEN', message: 'No.' } } },
    ]);
    expect(calls).toEqual(['data']);
  });

  it('is not heard any more once its watch, or the session, has gone', async () => {
    const { environment, requests, calls, answers, open, watch } = session();
    const stop = watch('p1');
    watch('p2');
    open.check();
    await environment.settle();
    stop();
    requests[0]?.answer(json({ data: { progress: null } }));
    await environment.settle();
    open.close();
    await environment.settle();
    expect(answers).toEqual([]);
    expect(calls).toEqual([]);
    expect(requests[1]?.init.signal?.aborted).toBe(true);
    expect(environment.timerCount).toBe(0);
  });
});
