/** `GET /api/projects/:id/progress`: the state itself, with the fields of the widget's document, by ETag. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ReadProgressDocument } from '@ingestion-progress/schema/operations';
import { execute } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { bearerToken } from '../auth/bearer.js';
import type { Guard, Origin } from '../auth/guard.js';
import { createSession } from '../auth/session.js';
import type { Viewer } from '../auth/viewer.js';
import { ProgressError } from '../errors.js';
import type { GraphqlContext } from '../graphql/context.js';
import type { Documents } from '../graphql/documents.js';
import type { ProgressService } from '../ingestion/progress-service.js';
import type { IngestionRecord } from '../ingestion/record.js';
import { answer, answerError, isNotModified, tellable } from './answer.js';

/** What the path stands on. */
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
  origin: Origin,
) => Promise<void>;

/** Makes the handler. */
export function createRestProgress({
  schema,
  documents,
  service,
  guard,
  onUnexpected,
}: RestOptions): RestProgress {
  const document = documents.parse(String(ReadProgressDocument));
  const bodies = new WeakMap<IngestionRecord, string>();

  /** One execution for each state, however many poll. Access was asked before. */
  async function render(record: IngestionRecord, viewer: Viewer, origin: Origin): Promise<string> {
    const known = bodies.get(record);
    if (known !== undefined) return known;
    const session = createSession({ viewer, origin, guard, refreshable: false });
    const { projectId } = record.progress;
    const contextValue: GraphqlContext = {
      session: { ...session, origin, authorise: () => Promise.resolve() },
      prefetched: { projectId, ingestionId: null, record },
    };
    const result = await execute({ schema, document, variableValues: { projectId }, contextValue });
    if (result.errors?.[0] !== undefined) throw result.errors[0];
    const body = JSON.stringify(result.data?.['progress']);
    bodies.set(record, body);
    return body;
  }

  return async (request, response, projectId, origin) => {
    try {
      const viewer = await guard.authenticate(bearerToken(request.headers.authorization), origin);
      await guard.authorise(viewer, projectId, 'progress:read', origin);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        const error = new ProgressError('BAD_USER_INPUT', 'Progress is read by GET.');
        return answerError(response, error, 405, { Allow: 'GET, HEAD' });
      }
      const record = await service.read(projectId);
      if (record === null) throw new ProgressError('NOT_FOUND', 'This project has never ingested.');
      const etag = `"${record.progress.id}.${record.progress.revision}"`;
      const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: 'Authorization, Origin' };
      if (isNotModified(request, etag)) {
        response.writeHead(304, headers).end();
        return;
      }
      answer(response, 200, await render(record, viewer, origin), headers);
    } catch (error) {
      if (!(error instanceof ProgressError)) onUnexpected(error);
      answerError(response, tellable(error));
    }
  };
}
