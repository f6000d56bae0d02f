/**
 * The query of pollers: a document whose only root field is `progress`. It is read, tagged and rendered here, once per
 * state however many poll; every other document, and every failure, is left to Yoga.
 */
import { createHash } from 'node:crypto';
import { Kind, OperationTypeNode, getArgumentValues } from 'graphql';
import type { FieldNode, GraphQLSchema } from 'graphql';
import { idSchema } from '@ingestion-progress/schema';
import { encodeId } from '@ingestion-progress/schema/ids';
import { compileField } from '../graphql/compiled-selection.js';
import type { Complete } from '../graphql/compiled-selection.js';
import type { GraphqlContext } from '../graphql/context.js';
import type { Documents, OperationRequest, Prepared } from '../graphql/documents.js';
import type { ProgressService } from '../ingestion/service.js';
import type { IngestionRecord } from '../progress/record.js';

/** What a poller asks for, as far as it is plain. */
export interface ProgressQuery {
  readonly projectId: string;
  readonly ingestionId: string | null;
  /** Reads the state. Access was asked before. */
  read(): Promise<ProgressAnswer>;
}

/** A state as a document asks for it. */
export interface ProgressAnswer {
  readonly prefetched: NonNullable<GraphqlContext['prefetched']>;
  /** Of ingestion, revision, document and variables. */
  readonly etag: string;
  /** The whole answer as JSON; null where Yoga must execute it. */
  body(): string | null;
}

/** Finds such a query; null where it is another one, or not sound. */
export type FindProgressQuery = (request: OperationRequest) => ProgressQuery | null;

interface Plan {
  readonly key: string;
  readonly complete: Complete | null;
  readonly bodies: WeakMap<IngestionRecord, string>;
}

/** The request in a JSON text; null where it is none. */
export function operationIn(text: string): OperationRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Yoga reports what is wrong with it.
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { query, variables, operationName }: Record<string, unknown> = { ...value };
  if (typeof query !== 'string') return null;
  const isNamed = operationName === undefined || operationName === null || typeof operationName === 'string';
  const isVaried = variables === undefined || (typeof variables === 'object' && !Array.isArray(variables));
  if (!isNamed || !isVaried) return null;
  return { query, operationName, variables: variables as Record<string, unknown> | null | undefined };
}

function rootField({ operation }: Prepared): FieldNode | null {
  const [field, ...others] = operation.selectionSet.selections;
  const isQuery =
    operation.operation === OperationTypeNode.QUERY && (operation.directives?.length ?? 0) === 0;
  if (!isQuery || field?.kind !== Kind.FIELD || others.length > 0) return null;
  return field.name.value === 'progress' && (field.directives?.length ?? 0) === 0 ? field : null;
}

/** Creates the finder. */
export function createProgressQueries(
  schema: GraphQLSchema,
  documents: Documents,
  service: Pick<ProgressService, 'read'>,
): FindProgressQuery {
  const definition = schema.getQueryType()?.getFields()['progress'];
  const plans = new WeakMap<FieldNode, Plan>();

  function planOf(prepared: Prepared, root: FieldNode): Plan {
    const known = plans.get(root);
    if (known !== undefined) return known;
    const complete =
      definition === undefined ? null : compileField(schema, prepared.document, definition.type, root);
    const plan: Plan = { key: root.alias?.value ?? root.name.value, complete, bodies: new WeakMap() };
    plans.set(root, plan);
    return plan;
  }

  function render({ key, complete, bodies }: Plan, record: IngestionRecord | null): string | null {
    const known = record === null ? undefined : bodies.get(record);
    if (known !== undefined || complete === null) return known ?? null;
    try {
      const body = JSON.stringify({ data: { [key]: complete(record?.progress ?? null) } });
      if (record !== null) bodies.set(record, body);
      return body;
    } catch {
      // Not plain, or not as the schema says: graphql-js reports the error.
      return null;
    }
  }

  return (request) => {
    const prepared = documents.prepare(request);
    if (definition === undefined || !('document' in prepared)) return null;
    const root = rootField(prepared);
    if (root === null) return null;
    const { projectId, ingestionId = null } = getArgumentValues(definition, root, prepared.variables);
    if (typeof projectId !== 'string' || (ingestionId !== null && typeof ingestionId !== 'string'))
      return null;
    if (!idSchema.safeParse(projectId).success) return null;
    if (ingestionId !== null && !idSchema.safeParse(ingestionId).success) return null;
    return {
      projectId,
      ingestionId,
      read: async () => {
        const record = await service.read(projectId, ingestionId);
        return {
          prefetched: { projectId, ingestionId, record },
          get etag() {
            const identity = JSON.stringify([
              request.query,
              prepared.operation.name?.value,
              prepared.variables,
            ]);
            const digest = createHash('sha256').update(identity).digest('base64url').slice(0, 16);
            return `"${encodeId(record?.progress.id ?? '')}.${record?.progress.revision ?? 0}.${digest}"`;
          },
          body: () => render(planOf(prepared, root), record),
        };
      },
    };
  };
}
