/**
 * `/graphql` over HTTP: a token first, whatever is asked; then Yoga, for queries, mutations and subscriptions by
 * server-sent events. A GET that asks for `progress` alone has an ETag.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Kind, OperationTypeNode, getArgumentValues } from 'graphql';
import type { GraphQLSchema, Source } from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Plugin } from 'graphql-yoga';
import { idSchema } from '@ingestion-progress/schema';
import { bearerToken } from '../auth/bearer.js';
import type { Guard, Origin } from '../auth/guard.js';
import { createSession } from '../auth/session.js';
import type { SessionKeeper } from '../auth/session-keeper.js';
import { ProgressError } from '../errors.js';
import type { GraphqlContext } from '../graphql/context.js';
import type { Documents, Prepared } from '../graphql/documents.js';
import type { MaskError } from '../graphql/error-mask.js';
import type { ProgressService } from '../ingestion/progress-service.js';
import { answerGraphqlError, isNotModified, tellable } from './answer.js';

/** What the endpoint stands on. */
export interface GraphqlHttpOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly mask: MaskError;
  readonly service: Pick<ProgressService, 'read'>;
  readonly guard: Guard;
  readonly keeper: SessionKeeper;
  readonly bodyBytes: number;
  readonly graphiql: boolean;
  /** True once the server is going down: nothing new is subscribed to. */
  readonly isClosing: () => boolean;
}

/** Answers a request to `/graphql`. */
export type GraphqlHttp = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  origin: Origin,
) => Promise<void>;

type Prefetched = NonNullable<GraphqlContext['prefetched']>;

/** Our parsing and validation in the place of Yoga's, so that both transports share one cache and one set of limits. */
function useDocuments(documents: Documents, mask: MaskError): Plugin {
  return {
    onParse: ({ setParseFn }) =>
      setParseFn((source: string | Source) =>
        documents.parse(typeof source === 'string' ? source : source.body),
      ),
    onParams: ({ params, setResult }) => {
      const error = documents.checkVariables(params.variables);
      if (error !== null) setResult({ errors: [mask(error)] });
    },
    // Fresh errors each time: Yoga writes into them what must not reach the other transport.
    onValidate: ({ setValidationFn, params }) =>
      setValidationFn(() => documents.validate(params.documentAST).map((error) => mask(error))),
  };
}

/** The arguments of a query whose only root field is `progress`; null for any other document. */
function progressArguments(
  schema: GraphQLSchema,
  { operation, variables }: Prepared,
): Record<string, unknown> | null {
  const [field, ...others] = operation.selectionSet.selections;
  if (operation.operation !== OperationTypeNode.QUERY || field === undefined || others.length > 0)
    return null;
  if (field.kind !== Kind.FIELD || field.name.value !== 'progress' || (field.directives?.length ?? 0) > 0)
    return null;
  const definition = schema.getQueryType()?.getFields()['progress'];
  return definition === undefined ? null : getArgumentValues(definition, field, variables);
}

function jsonObject(text: string | null): Record<string, unknown> | null {
  try {
    const value: unknown = text === null ? {} : JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    // Yoga answers malformed variables; they have no tag.
    return null;
  }
}

/** Makes the endpoint. */
export function createGraphqlHttp(options: GraphqlHttpOptions): GraphqlHttp {
  const { schema, documents, mask, service, guard, keeper, bodyBytes, graphiql, isClosing } = options;
  const yoga = createYoga<GraphqlContext>({
    schema,
    graphqlEndpoint: '/graphql',
    plugins: [useDocuments(documents, mask)],
    parserAndValidationCache: false,
    maskedErrors: { maskError: (error) => mask(error) },
    logging: false,
    cors: false,
    multipart: false,
    landingPage: false,
    graphiql,
    maxRequestBodySize: bodyBytes,
  });

  /** Reads the state that a GET asks for, once, so that the tag and the body tell of the same. */
  async function prefetch(
    url: URL,
    session: GraphqlContext['session'],
  ): Promise<{ readonly etag: string; readonly prefetched: Prefetched } | null> {
    const query = url.searchParams.get('query');
    const variables = jsonObject(url.searchParams.get('variables'));
    if (query === null || variables === null) return null;
    const prepared = documents.prepare({
      query,
      variables,
      operationName: url.searchParams.get('operationName'),
    });
    if (!('document' in prepared)) return null;
    const args = progressArguments(schema, prepared);
    const projectId = args?.['projectId'];
    const ingestionId = args?.['ingestionId'] ?? null;
    if (typeof projectId !== 'string' || (ingestionId !== null && typeof ingestionId !== 'string'))
      return null;
    if (ingestionId !== null && !idSchema.safeParse(ingestionId).success) return null;
    await session.authorise(projectId, 'progress:read');
    const record = await service.read(projectId, ingestionId);
    const asked = JSON.stringify([query, prepared.operation.name?.value, prepared.variables]);
    const digest = createHash('sha256').update(asked).digest('base64url').slice(0, 16);
    const etag = `"${record?.progress.id ?? ''}.${record?.progress.revision ?? 0}.${digest}"`;
    return { etag, prefetched: { projectId, ingestionId, record } };
  }

  /** What is wrong with a request before its token is looked at; null where nothing is. */
  function misshapen({
    method,
    headers,
  }: IncomingMessage): { readonly status: number; readonly message: string } | null {
    if (method !== 'GET' && method !== 'POST') return { status: 405, message: 'Ask by GET or POST.' };
    if (method === 'GET') return null;
    // Nothing that a web page can send without asking first: no CSRF.
    if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
      return { status: 415, message: 'The body must be application/json.' };
    }
    if (Number(headers['content-length'] ?? 0) > bodyBytes) {
      return { status: 413, message: `The body may have at most ${bodyBytes} bytes.` };
    }
    return null;
  }

  return async (request, response, url, origin) => {
    const wrong = misshapen(request);
    if (wrong !== null) {
      const error = new ProgressError('BAD_USER_INPUT', wrong.message);
      return answerGraphqlError(
        response,
        error,
        wrong.status,
        wrong.status === 405 ? { Allow: 'GET, POST' } : {},
      );
    }
    if (graphiql && request.method === 'GET' && !url.searchParams.has('query')) {
      await yoga(request, response);
      return;
    }
    try {
      const viewer = await guard.authenticate(bearerToken(request.headers.authorization), origin);
      if (isClosing() && (request.headers.accept ?? '').includes('text/event-stream')) {
        throw new ProgressError('UNAVAILABLE', 'The server is going down; come back.');
      }
      const session = createSession({ viewer, origin, guard, refreshable: false });
      const tagged = request.method === 'GET' ? await prefetch(url, session) : null;
      if (tagged !== null) {
        response.setHeader('ETag', tagged.etag);
        response.setHeader('Cache-Control', 'private, no-cache');
        response.setHeader('Vary', 'Authorization, Origin, Accept');
        if (isNotModified(request, tagged.etag)) {
          response.writeHead(304).end();
          return;
        }
      }
      const release = keeper.keep(session, () =>
        session.endAll(new ProgressError('TOKEN_EXPIRED', 'The token has expired.')),
      );
      // Also what is still being opened for a client that has gone, and would otherwise be watched for nobody.
      const leave = () => {
        release();
        session.endAll(new ProgressError('UNAVAILABLE', 'The client has gone.'));
      };
      response.once('close', leave);
      if (response.destroyed) leave();
      await yoga(request, response, { session, prefetched: tagged?.prefetched });
    } catch (error) {
      const shown = mask(error);
      const code = tellable(error).code;
      answerGraphqlError(response, { code, message: shown.message });
    }
  };
}
