/** `GET /api/projects/:id/progress`: the state itself, with the fields of the widget's document, by ETag. */
import { encodeId } from '@ingestion-progress/schema/ids';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ReadProgressDocument } from '@ingestion-progress/schema/operations';
import { Kind } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { bearerToken } from '../auth/bearer.js';
import type { Guard, RequestSource } from '../auth/guard.js';
import { ProgressError } from '../shared/errors.js';
import { compileField } from '../graphql/compiled-selection.js';
import type { Complete } from '../graphql/compiled-selection.js';
import type { Documents } from '../graphql/documents.js';
import type { ProgressService } from '../ingestion/service.js';
import type { IngestionRecord } from '../progress/record.js';
import { send, sendError, isNotModified, publicErrorOf } from './responses.js';

/** Options of the path. */
export interface RestOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly service: Pick<ProgressService, 'read'>;
  readonly guard: Guard;
  readonly onUnexpected: (error: unknown) => void;
}

/** Answers a request to the path. */
export type RestProgress = (
  request: IncomingMessage,
  response: ServerResponse,
  projectId: string,
  source: RequestSource,
) => Promise<void>;

/** What the widget's document asks of a state. */
function compileRead(schema: GraphQLSchema, documents: Documents): Complete {
  const prepared = documents.prepare({
    query: String(ReadProgressDocument),
    variables: { projectId: 'any' },
  });
  const field = 'operation' in prepared ? prepared.operation.selectionSet.selections[0] : undefined;
  const type = schema.getQueryType()?.getFields()['progress']?.type;
  if (!('document' in prepared) || field?.kind !== Kind.FIELD || type === undefined) {
    throw new Error("The widget's document does not fit the schema.");
  }
  const complete = compileField(schema, prepared.document, type, field);
  if (complete === null) throw new Error("The widget's document asks for more than plain fields.");
  return complete;
}

/** Creates the handler. */
export function createRestProgress({
  schema,
  documents,
  service,
  guard,
  onUnexpected,
}: RestOptions): RestProgress {
  const complete = compileRead(schema, documents);
  const bodies = new WeakMap<IngestionRecord, string>();

  /** One rendering for each state, however many poll. */
  function render(record: IngestionRecord): string {
    const known = bodies.get(record);
    if (known !== undefined) return known;
    const body = JSON.stringify(complete(record.progress));
    bodies.set(record, body);
    return body;
  }

  return async (request, response, projectId, source) => {
    try {
      const viewer = await guard.authenticate(bearerToken(request.headers.authorization), source);
      await guard.authorize(viewer, projectId, 'progress:read', source);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        const error = new ProgressError('BAD_USER_INPUT', 'Use GET.');
        return sendError(response, error, 405, { Allow: 'GET, HEAD' });
      }
      const record = await service.read(projectId);
      if (record === null) throw new ProgressError('NOT_FOUND', 'This project has never ingested.');
      const etag = `"${encodeId(record.progress.id)}.${record.progress.revision}"`;
      const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: 'Authorization, Origin' };
      if (isNotModified(request, etag)) {
        response.writeHead(304, headers).end();
        return;
      }
      send(response, 200, render(record), headers);
    } catch (error) {
      if (!(error instanceof ProgressError)) onUnexpected(error);
      sendError(response, publicErrorOf(error));
    }
  };
}
