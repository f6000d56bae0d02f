/**
 * `/graphql` over HTTP: authentication first, then Yoga for queries, mutations and subscriptions by server-sent events. A
 * GET of `progress` alone has an ETag.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionArgs, GraphQLSchema, Source } from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Plugin } from 'graphql-yoga';
import { bearerToken } from '../auth/bearer.js';
import type { ConnectionQuotas } from '../auth/connection-quotas.js';
import type { Guard, RequestSource } from '../auth/guard.js';
import { createSession } from '../auth/session.js';
import type { SessionReaper } from '../auth/session-reaper.js';
import { ProgressError } from '../shared/errors.js';
import type { GraphqlContext } from '../graphql/context.js';
import { logExceededLimits } from '../graphql/document-limits.js';
import type { Documents, OperationRequest } from '../graphql/documents.js';
import type { MaskError } from '../graphql/error-mask.js';
import type { ProgressService } from '../ingestion/service.js';
import type { LimitLogger } from '../observability/limit-logger.js';
import type { FairTurns } from './fair-turns.js';
import { sendGraphqlError, isNotModified, onceOver, publicErrorOf } from './responses.js';
import { createProgressQueries, operationIn } from './progress-query.js';
import type { ProgressAnswer } from './progress-query.js';

/** Options of the endpoint. */
export interface GraphqlHttpOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly mask: MaskError;
  readonly service: Pick<ProgressService, 'read'>;
  readonly guard: Guard;
  readonly sessionReaper: SessionReaper;
  readonly connectionQuotas: ConnectionQuotas;
  readonly limitLogger: LimitLogger;
  readonly turns: FairTurns;
  readonly bodyBytes: number;
  readonly graphiql: boolean;
  /** True once the server is shutting down: new subscriptions get 503. */
  readonly isClosing: () => boolean;
}

/** Handles a request to `/graphql`. */
export type GraphqlHttp = (
  request: IncomingMessage,
  response: ServerResponse,
  search: URLSearchParams,
  source: RequestSource,
) => Promise<void>;

/** Our parsing and validation in the place of Yoga's, so that both transports share one cache and one set of limits. */
function useDocuments(
  documents: Documents,
  mask: MaskError,
  limitLogger: LimitLogger,
  turns: FairTurns,
): Plugin<GraphqlContext> {
  const logLimits = ({ session }: Partial<GraphqlContext>, errors: readonly unknown[]) => {
    if (session !== undefined) logExceededLimits(errors, session.viewer.subject, limitLogger);
  };
  // GraphiQL's page has no session.
  const measured = <T>({ session }: Partial<GraphqlContext>, work: () => T): T =>
    session === undefined ? work() : session.measureCpu(work);
  return {
    onParse: ({ setParseFn, context }) =>
      setParseFn((source: string | Source) => {
        try {
          const text = typeof source === 'string' ? source : source.body;
          return measured(context, () => documents.parse(text));
        } catch (error) {
          logLimits(context, [error]);
          throw error;
        }
      }),
    onParams: ({ params, setResult, context }) => {
      const error = documents.checkVariables(params.variables);
      if (error === null) return;
      logLimits(context, [error]);
      setResult({ errors: [mask(error)] });
    },
    // Fresh errors each time: Yoga writes into them what must not reach the other transport.
    onValidate: ({ setValidationFn, params, context }) =>
      setValidationFn(() => {
        const errors = measured(context, () => documents.validate(params.documentAST));
        // What is refused costs its validation: at the price of what it asked for, one mistake would lock its viewer out.
        if (errors.length === 0) context.session?.chargeCpu(documents.executionMs(params.documentAST));
        logLimits(context, errors);
        return errors.map((error) => mask(error));
      }),
    onExecute: ({ args, executeFn, setExecuteFn }) => {
      const { session } = args.contextValue;
      setExecuteFn((given: ExecutionArgs) =>
        turns.run(session.viewer.subject, documents.executionMs(given.document), () => executeFn(given)),
      );
    },
  };
}

/** An object that is given in the address as JSON; empty if absent. Yoga would take what does not parse for a fault of ours. */
function jsonObjectIn(search: URLSearchParams, name: string): Record<string, unknown> {
  const text = search.get(name);
  if (text === null || text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ProgressError('BAD_USER_INPUT', `${name} must be JSON.`, { cause });
  }
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ProgressError('BAD_USER_INPUT', `${name} must be a JSON object.`);
}

/** True where the answer is to be `application/json`, as Yoga would find too. */
function acceptsJson({ headers: { accept } }: IncomingMessage): boolean {
  return accept === undefined || accept === '*/*' || accept === 'application/json';
}

/**
 * The body's text, which is put where Yoga finds it; null where Yoga must read it itself: length unknown or nothing, or
 * a client that is gone.
 */
async function readBody(request: IncomingMessage, mostBytes: number): Promise<string | null> {
  const length = Number(request.headers['content-length']);
  if (!(length > 0 && length <= mostBytes) || request.headers['content-encoding'] !== undefined) return null;
  const chunks: Buffer[] = [];
  const text = await new Promise<string | null>((resolve) => {
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('close', () => resolve(null));
  });
  return text === null ? null : Object.assign(request, { body: text }).body;
}

/** nginx would keep events until its buffer is full. */
const unbuffered: Plugin = {
  onResponse: ({ response }) => {
    if (response.headers.get('content-type')?.startsWith('text/event-stream') === true)
      response.headers.set('X-Accel-Buffering', 'no');
  },
};

/** Whether a request asks for server-sent events. */
function isEventStream({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/event-stream') === true;
}

/** Headers of GraphiQL, the only page of this server: no framing, no referrer. */
const PAGE_HEADERS = Object.freeze({
  'Content-Security-Policy': "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
});

/** Creates the endpoint. */
export function createGraphqlHttp(options: GraphqlHttpOptions): GraphqlHttp {
  const {
    schema,
    documents,
    mask,
    service,
    guard,
    sessionReaper,
    connectionQuotas,
    limitLogger,
    turns,
    bodyBytes,
    graphiql,
    isClosing,
  } = options;
  const yoga = createYoga<GraphqlContext>({
    schema,
    graphqlEndpoint: '/graphql',
    plugins: [useDocuments(documents, mask, limitLogger, turns), unbuffered],
    parserAndValidationCache: false,
    maskedErrors: { maskError: (error) => mask(error) },
    logging: false,
    cors: false,
    multipart: false,
    landingPage: false,
    graphiql,
    maxRequestBodySize: bodyBytes,
  });

  const findProgressQuery = createProgressQueries(schema, documents, service);

  /** The operation that a request asks for by what its address or its body says; null where Yoga must look. */
  async function operationOf(
    request: IncomingMessage,
    search: URLSearchParams,
    session: GraphqlContext['session'],
  ): Promise<OperationRequest | null> {
    if (request.method === 'POST') {
      const text = await readBody(request, bodyBytes);
      return text === null ? null : session.measureCpu(() => operationIn(text));
    }
    const query = search.get('query');
    const variables = jsonObjectIn(search, 'variables');
    jsonObjectIn(search, 'extensions');
    if (query === null) return null;
    return { query, variables, operationName: search.get('operationName') };
  }

  /** Reads the state that a poller asks for; null where Yoga must find out, also about what is refused. */
  async function readFor(
    operation: OperationRequest | null,
    session: GraphqlContext['session'],
  ): Promise<ProgressAnswer | null> {
    const query = operation === null ? null : session.measureCpu(() => findProgressQuery(operation));
    if (query === null) return null;
    try {
      if (!(await guard.isAllowed(session.viewer, query.projectId, 'progress:read'))) return null;
      return await query.read();
    } catch (error) {
      if (error instanceof ProgressError) return null;
      throw error;
    }
  }

  /** What is wrong with a request before its token is looked at; null where nothing is. */
  function preflightError({
    method,
    headers,
  }: IncomingMessage): { readonly status: number; readonly message: string } | null {
    if (method !== 'GET' && method !== 'POST') return { status: 405, message: 'Use GET or POST.' };
    if (method === 'GET') return null;
    // Nothing that a web page can send without asking first: no CSRF.
    if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
      return { status: 415, message: 'The body must be application/json.' };
    }
    // Its case does not count (RFC 9110, 8.3.1), but does for Yoga.
    headers['content-type'] = 'application/json';
    if (Number(headers['content-length'] ?? 0) > bodyBytes) {
      return { status: 413, message: `The body may have at most ${bodyBytes} bytes.` };
    }
    return null;
  }

  return async (request, response, search, source) => {
    // By Content-Length, or by what arrived without one.
    response.once('finish', () => {
      if (response.statusCode === 413) limitLogger.logExceeded('bytes of a body', source.address, bodyBytes);
    });
    const problem = preflightError(request);
    if (problem !== null) {
      const error = new ProgressError('BAD_USER_INPUT', problem.message);
      return sendGraphqlError(
        response,
        error,
        problem.status,
        problem.status === 405 ? { Allow: 'GET, POST' } : {},
      );
    }
    if (graphiql && request.method === 'GET' && !search.has('query')) {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
      await yoga(request, response);
      return;
    }
    try {
      const viewer = await guard.authenticate(bearerToken(request.headers.authorization), source);
      if (isClosing() && isEventStream(request))
        throw new ProgressError('UNAVAILABLE', 'Server shutting down; retry.');
      const session = createSession({ viewer, source, guard, refreshable: false });
      session.checkCpu();
      const operation = await operationOf(request, search, session);
      if (operation !== null && !documents.isKnown(operation.query)) {
        await turns.wait(viewer.subject, 'heavy');
        session.checkCpu();
      }
      const read = await readFor(operation, session);
      if (read !== null && request.method === 'GET') {
        response.setHeader('ETag', read.etag);
        response.setHeader('Cache-Control', 'private, no-cache');
        response.setHeader('Vary', 'Authorization, Origin, Accept');
        if (isNotModified(request, read.etag)) {
          response.writeHead(304).end();
          return;
        }
      }
      const body = acceptsJson(request) && read !== null ? session.measureCpu(() => read.body()) : null;
      if (body !== null) {
        response.writeHead(200, {
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Length': Buffer.byteLength(body),
        });
        response.end(body);
        return;
      }
      // What is open for long is an event stream, and whether a request is one shows only when it is executed.
      if (!connectionQuotas.acquire(viewer.subject, source.address))
        throw new ProgressError('RATE_LIMITED', 'Too many connections of this viewer or address.');
      const untrack = sessionReaper.track(session, () =>
        session.revokeAll(new ProgressError('TOKEN_EXPIRED', 'The token has expired.')),
      );
      // Also what is still being opened for a client that has disconnected.
      onceOver(request, response, () => {
        connectionQuotas.release(viewer.subject, source.address);
        untrack();
        session.revokeAll(new ProgressError('UNAVAILABLE', 'The client disconnected.'));
      });
      // Yoga takes half a millisecond before it executes anything.
      await turns.wait(viewer.subject, 'light');
      await yoga(request, response, { session, prefetched: read?.prefetched });
    } catch (error) {
      const masked = mask(error);
      const code = publicErrorOf(error).code;
      sendGraphqlError(response, { code, message: masked.message });
    }
  };
}
