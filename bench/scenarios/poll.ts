/** How many polls one core answers: REST with and without changes, and the `progress` query. */
import { ReadProgressDocument } from '@ingestion-progress/schema/operations';
import { startChild, type Child } from '../harness/child.js';
import { ratioOf, spreadOf } from '../harness/statistics.js';
import type { HttpCalls } from '../http-process.js';
import { HTTP_SUBJECTS, type HttpSubject } from '../http/http-peer.js';
import type { PollAnswer, PollRequest } from '../http/poller.js';
import type { PollerCalls } from '../poller-process.js';
import { withVerdict, type Profile, type Row } from '../result.js';
import { token } from '../workload.js';
import type { RunOptions, Scenario } from './scenario.js';

const KINDS = ['REST 200', 'REST 304', 'progress query', 'progress query by GET, 304'] as const;
type Kind = (typeof KINDS)[number];

const CONNECTIONS = 32;
const REST = '/api/projects/project-0/progress';

/** Headers that every response has anyway, or that are specific to one response. */
const OWN = new Set(['connection', 'content-length', 'date', 'etag', 'keep-alive', 'transfer-encoding']);

interface Started {
  readonly subject: HttpSubject;
  readonly child: Child<HttpCalls>;
  readonly port: number;
}

function requestOf(kind: Kind, port: number, etag: string): PollRequest {
  const authorization = `Bearer ${token()}`;
  const accept = 'application/json';
  const json = { query: ReadProgressDocument.toString(), variables: { projectId: 'project-0' } };
  switch (kind) {
    case 'REST 200':
      return { port, method: 'GET', path: REST, headers: { authorization, accept }, body: '' };
    case 'REST 304':
      return {
        port,
        method: 'GET',
        path: REST,
        headers: { authorization, accept, 'if-none-match': etag },
        body: '',
      };
    case 'progress query':
      return {
        port,
        method: 'POST',
        path: '/graphql',
        headers: { authorization, accept, 'content-type': 'application/json' },
        body: JSON.stringify(json),
      };
    case 'progress query by GET, 304': {
      const search = new URLSearchParams({ query: json.query, variables: JSON.stringify(json.variables) });
      return {
        port,
        method: 'GET',
        path: `/graphql?${search.toString()}`,
        headers: { authorization, accept, 'if-none-match': etag },
        body: '',
      };
    }
  }
}

const EXPECTED: Readonly<Record<Kind, number>> = {
  'REST 200': 200,
  'REST 304': 304,
  'progress query': 200,
  'progress query by GET, 304': 304,
};

/** The peer of each kind: plain `node:http` for REST and every 304, Yoga for the query. */
function peersOf(kind: Kind): readonly HttpSubject[] {
  return kind === 'progress query' ? ['ingestion-progress', 'Yoga'] : ['ingestion-progress', 'node:http'];
}

async function once(poller: Child<PollerCalls>, request: PollRequest): Promise<PollAnswer> {
  const { last } = await poller.call('poll', { request, connections: 1, durationMs: 1 });
  if (last === null) throw new Error(`No answer from ${request.path}.`);
  return last;
}

/** Our first response to a kind, with its ETag: what the plain peer serves. */
async function answerOf(poller: Child<PollerCalls>, port: number, kind: Kind) {
  const first = await once(poller, requestOf(kind, port, '"none"'));
  const etag = first.headers['etag'] ?? '';
  const answer = await once(poller, requestOf(kind, port, etag));
  if (answer.status !== EXPECTED[kind])
    throw new Error(`${kind} was answered ${answer.status}: ${answer.body}`);
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !OWN.has(name)));
  return { etag, headers, body: first.body };
}

/** CPU per poll, in µs. */
async function measure(
  { subject, child }: Started,
  poller: Child<PollerCalls>,
  request: PollRequest,
  kind: Kind,
  { quick, log }: RunOptions,
): Promise<number> {
  await poller.call('poll', { request, connections: CONNECTIONS, durationMs: 500 });
  const before = await child.call('cpuMs');
  const round = await poller.call('poll', {
    request,
    connections: CONNECTIONS,
    durationMs: quick ? 1_000 : 1_500,
  });
  const micros = (1000 * ((await child.call('cpuMs')) - before)) / round.requests;
  if (round.different > 0 || round.last?.status !== EXPECTED[kind]) {
    throw new Error(
      `${subject}, ${kind}: ${round.different} responses differ, the last is ${round.last?.status ?? 0}.`,
    );
  }
  log(`${kind}, ${subject}: ${micros.toFixed(1)} µs`);
  return micros;
}

/** The bench `poll`. */
export const poll: Scenario = async (options) => {
  const poller = await startChild<PollerCalls>('poller-process.ts', []);
  const started: Started[] = [];
  const micros = new Map<string, number[]>();
  const profiles: Profile[] = [];
  try {
    for (const subject of HTTP_SUBJECTS) {
      const child = await startChild<HttpCalls>('http-process.ts', [subject]);
      started.push({ subject, child, port: await child.call('start') });
    }
    const ours = started[0];
    if (ours === undefined) throw new Error('No subject was started.');
    for (const kind of KINDS) {
      const { etag, headers, body } = await answerOf(poller, ours.port, kind);
      for (const { child } of started) await child.call('serve', { etag, headers, body: Buffer.from(body) });
      for (let round = 0; round < (options.quick ? 2 : 5); round += 1) {
        for (const subject of started) {
          if (!peersOf(kind).includes(subject.subject)) continue;
          const request = requestOf(kind, subject.port, etag);
          const key = `${kind} ${subject.subject}`;
          micros.set(key, [
            ...(micros.get(key) ?? []),
            await measure(subject, poller, request, kind, options),
          ]);
        }
      }
    }
    for (const kind of KINDS) {
      const { etag } = await answerOf(poller, ours.port, kind);
      const request = requestOf(kind, ours.port, etag);
      await ours.child.call('profile');
      await poller.call('poll', { request, connections: CONNECTIONS, durationMs: 700 });
      profiles.push({ setting: kind, lines: await ours.child.call('profile') });
    }
  } finally {
    await Promise.all([poller.end(), ...started.map(({ child }) => child.end())]);
  }
  const of = (kind: Kind, subject: HttpSubject) => micros.get(`${kind} ${subject}`) ?? [];
  const rows: Row[] = KINDS.flatMap((kind) =>
    peersOf(kind).map((subject) => ({
      setting: kind,
      subject,
      figures: {
        cpu: spreadOf(of(kind, subject)),
        rate: spreadOf(of(kind, subject).map((value) => 1e6 / value)),
      },
    })),
  );
  const ratio = (kind: Kind, peer: HttpSubject) => ratioOf(of(kind, 'ingestion-progress'), of(kind, peer));
  return {
    units: { cpu: 'µs of server CPU per poll', rate: 'polls per second on one core' },
    rows,
    goals: [
      withVerdict({
        setting: 'REST 304',
        goal: 'CPU relative to plain node:http',
        measured: ratio('REST 304', 'node:http'),
        bound: 1.3,
        sense: 'at most',
      }),
      withVerdict({
        setting: 'progress query',
        goal: 'polls per second relative to plain Yoga',
        measured: 1 / ratio('progress query', 'Yoga'),
        bound: 3,
        sense: 'at least',
      }),
    ],
    profiles,
    notes: [
      `${CONNECTIONS} keep-alive connections. Our server checks token and access on every poll; the peers check nothing.`,
      'node:http sends the same body, ETag and headers. Yoga answers the same document from memory.',
    ],
  };
};
