/**
 * A server for one reporter: it keeps attempts, sequences and endings as PROTOCOL says, answers by the real schema, and
 * misbehaves as a test tells it.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, graphql, GraphQLError, Kind, parse } from 'graphql';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));

/** One request for a mutation, as the server got it. */
export interface Heard {
  /** Such as `reportProgress`. */
  readonly mutation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly token: string;
  /** In ms of a monotonic clock. */
  readonly at: number;
}

/**
 * What happens to a request: taken and the answer lost, neither taken nor answered, answered `accepted: false`, taken and answered once the promise
 * resolves, refused by a code, or answered by something that is not the server.
 */
export type Fault =
  | 'lost'
  | 'silent'
  | 'untaken'
  | { readonly late: Promise<unknown> }
  | { readonly code: string; readonly retryAfterSeconds?: number }
  | { readonly status: number };

/** One ingestion as the server has it. */
export interface Ingestion {
  attemptKey: unknown;
  attempt: number;
  lastSequence: number;
  status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
  error: Readonly<Record<string, unknown>> | null;
  /** The newest counts and percent. */
  progress: Readonly<Record<string, unknown>>;
}

/** A server that a test scripts. */
export interface ScriptedServer {
  readonly endpoint: string;
  /** Mutations as they came, without signs of life. */
  readonly heard: readonly Heard[];
  readonly ingestions: ReadonlyMap<string, Ingestion>;
  /** Most reports that were in flight at once. */
  readonly mostAtOnce: number;
  /** Undefined: taken and answered. */
  fault: (heard: Heard) => Fault | undefined;
  /** Sends a cancel to whoever listens; resolves once it was accepted. */
  cancel(ingestionId: string): Promise<void>;
  /** Cuts every connection; nothing is answered until `listen`. */
  stop(): Promise<void>;
  /** Listens on the same port again, with the same ingestions. */
  listen(): Promise<void>;
}

const ENDINGS: Readonly<Record<string, Ingestion['status']>> = {
  completeIngestion: 'COMPLETED',
  failIngestion: 'FAILED',
  confirmCancelled: 'CANCELLED',
};

/** A reporter may select what it likes of the state. */
const EVERY_REQUIRED_FIELD = {
  projectId: 'p1',
  revision: 1,
  currentPhase: 1,
  phases: [],
  labels: [],
  problems: { errors: 0, warnings: 0 },
  fromPhase: 1,
  cancellable: true,
  staleAfterMs: 300_000,
  startedAt: 1,
  updatedAt: 1,
  progressedAt: 1,
};

/** Starts one on a free port. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const heard: Heard[] = [];
  const ingestions = new Map<string, Ingestion>();
  const streams = new Set<{ readonly key: string; readonly response: ServerResponse }>();
  const acknowledged = new Map<string, () => void>();
  let http: Server | null = null;
  let port = 0;
  let atOnce = 0;
  let mostAtOnce = 0;

  const answerOf = (ingestionId: string, ingestion: Ingestion, accepted: boolean) => ({
    accepted,
    lastSequence: ingestion.lastSequence,
    storedRevision: 1,
    adjustments: [],
    progress: { ...EVERY_REQUIRED_FIELD, id: ingestionId, ...ingestion },
  });

  function take(mutation: string, input: Heard['input'], isUntaken: boolean): unknown {
    if (mutation === 'acknowledgeCommand') {
      if (input['accepted'] === true) acknowledged.get(String(input['commandId']))?.();
      return { id: input['commandId'], status: 'ACCEPTED' };
    }
    const id = String(input['ingestionId']);
    const known = ingestions.get(id);
    const key = input['attemptKey'];
    const isOver =
      known !== undefined &&
      known.status !== 'RUNNING' &&
      !(known.status === 'FAILED' && known.error?.['recoverable'] === true);
    if (mutation === 'startIngestion') {
      if (isOver && known.attemptKey !== key) throw conflict('has ended');
      const isSame = known?.attemptKey === key;
      const next: Ingestion =
        known !== undefined && isSame
          ? known
          : {
              attemptKey: key,
              attempt: (known?.attempt ?? 0) + 1,
              lastSequence: 0,
              status: 'RUNNING',
              error: null,
              progress: {},
            };
      ingestions.set(id, next);
      return answerOf(id, next, true);
    }
    if (known === undefined || (key !== undefined && known.attemptKey !== key))
      throw conflict('is not this attempt');
    if (mutation === 'flushReports' || mutation === 'reportHeartbeat') return answerOf(id, known, true);
    const ending = ENDINGS[mutation];
    if (isUntaken) return answerOf(id, known, false);
    const sequence = typeof input['sequence'] === 'number' ? input['sequence'] : known.lastSequence + 1;
    if (sequence <= known.lastSequence && mutation !== 'reportProblems') return answerOf(id, known, false);
    if (isOver) {
      if (ending !== known.status) throw conflict('has ended');
      return answerOf(id, known, false);
    }
    if (mutation !== 'reportProblems') known.lastSequence = sequence;
    known.status = ending ?? 'RUNNING';
    known.error = ending === 'FAILED' ? { ...input, occurredAt: 1 } : null;
    if (mutation === 'reportProgress') known.progress = input;
    return answerOf(id, known, true);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { query, variables } = JSON.parse(text) as { query: string; variables: Record<string, unknown> };
    const operation = parse(query).definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
    const field = operation?.selectionSet.selections[0];
    if (operation === undefined || field?.kind !== Kind.FIELD) throw new Error(`No operation: ${query}`);
    if (operation.operation === 'subscription') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
      const stream = { key: field.alias?.value ?? field.name.value, response };
      streams.add(stream);
      response.on('close', () => streams.delete(stream));
      return;
    }
    const mutation = field.name.value;
    const input = (Object.values(variables)[0] ?? {}) as Heard['input'];
    const token = request.headers.authorization ?? '';
    const each: Heard = { mutation, input, token, at: performance.now() };
    if (mutation !== 'reportHeartbeat' && mutation !== 'acknowledgeCommand') heard.push(each);
    const fault = server.fault(each);
    if (fault === 'silent') return;
    if (typeof fault === 'object' && 'status' in fault) {
      response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
      return;
    }
    const root = Object.fromEntries([
      [
        mutation,
        () => {
          if (typeof fault !== 'object' || !('code' in fault))
            return take(mutation, input, fault === 'untaken');
          throw new GraphQLError(fault.code, { extensions: { code: fault.code } });
        },
      ],
    ]);
    const result = await graphql({ schema, source: query, rootValue: root, variableValues: variables });
    const wrong = result.errors?.find(({ extensions }) => extensions['code'] === undefined);
    // Such as a field that is not in the schema: the test's log has it, and the reporter hears of it.
    const body =
      wrong === undefined
        ? result
        : { errors: [{ message: wrong.message, extensions: { code: 'BAD_USER_INPUT' } }] };
    if (fault === 'lost') {
      request.socket.destroy();
      return;
    }
    if (typeof fault === 'object' && 'late' in fault) await fault.late;
    const retryAfter = typeof fault === 'object' && 'code' in fault ? fault.retryAfterSeconds : undefined;
    response
      .writeHead(200, {
        'content-type': 'application/json',
        ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      })
      .end(JSON.stringify(body));
  }

  const server: ScriptedServer = {
    get endpoint() {
      return `http://127.0.0.1:${port}/graphql`;
    },
    heard,
    ingestions,
    get mostAtOnce() {
      return mostAtOnce;
    },
    fault: () => undefined,
    async cancel(ingestionId) {
      const id = crypto.randomUUID();
      const accepted = new Promise<void>((resolve) => acknowledged.set(id, resolve));
      for (const { key, response } of streams) {
        const command = { id, kind: 'CANCEL', ingestionId, fromPhase: null, requestedBy: 'anna' };
        response.write(`event: next\ndata: ${JSON.stringify({ data: { [key]: command } })}\n\n`);
      }
      await accepted;
    },
    async stop() {
      const ending = http;
      http = null;
      if (ending === null) return;
      const closed = once(ending, 'close');
      ending.close();
      ending.closeAllConnections();
      await closed;
    },
    async listen() {
      http = createServer((request, response) => {
        const isStream = request.headers.accept?.includes('event-stream') === true;
        if (!isStream) mostAtOnce = Math.max(mostAtOnce, (atOnce += 1));
        response.on('close', () => {
          if (!isStream) atOnce -= 1;
        });
        handle(request, response).catch(() => response.destroy());
      });
      http.listen(port, '127.0.0.1');
      await once(http, 'listening');
      port = (http.address() as AddressInfo).port;
    },
  };
  await server.listen();
  return server;
}

function conflict(why: string): GraphQLError {
  return new GraphQLError(`This ingestion ${why}.`, { extensions: { code: 'CONFLICT' } });
}
