/**
 * The first half of the fast path: executes an event, or a message of a list, once per distinct document and serialises
 * it once, however many watchers there are. Operations that cannot be shared take the slow path; both give the same bytes.
 * (invariant: one-upstream-per-project)
 */
import { EVENT_TYPES } from '@ingestion-progress/schema';
import type { IngestionEvent, IngestionEventType } from '@ingestion-progress/schema';
import type { ResolversInterfaceTypes } from '@ingestion-progress/schema/resolvers';
import { Kind, OperationTypeNode, execute, getArgumentValues, visit } from 'graphql';
import type { ExecutionResult, FieldNode, GraphQLOutputType, GraphQLSchema } from 'graphql';
import type { HeldDocument } from '../auth/quotas.js';
import { createBoundedMap } from '../shared/bounded-map.js';
import { compileField } from './compiled-selection.js';
import { heldDocumentOf } from './documents.js';
import type { Prepared } from './documents.js';
import type { MaskError } from './error-mask.js';
import type { ListMessage } from '../list/list-view.js';
import type { ListArgs } from './authorized-list.js';
import type { ProgressArgs } from './authorized-subscription.js';

/** An event as the resolvers of event types expect it: type name, envelope and payload side by side. */
export type GraphqlEvent = ResolversInterfaceTypes<Record<string, unknown>>['IngestionEvent'];

const TYPE_NAMES = new Map<IngestionEventType, string>(
  Object.entries(EVENT_TYPES).map(([typeName, type]) => [type, typeName]),
);

/** Turns an event into the value that is executed. */
export function toGraphqlEvent({ payload, ...envelope }: IngestionEvent): GraphqlEvent {
  const { type, ...fields } = payload;
  // Each payload belongs to one event type, as the schema's type tests verify.
  return { __typename: TYPE_NAMES.get(type), ...envelope, ...fields } as unknown as GraphqlEvent;
}

/** Renders events, or messages of a list, for one distinct document. */
export interface Renderer<E> {
  /** The payload of a `next` message: JSON in UTF-8. The same buffer for all watchers; not to be changed. */
  render(event: E): Buffer;
  /** For the metrics. */
  typeOf(event: E): string;
}

/** A subscription that can be shared. */
export type SharedSubscription = { readonly document: HeldDocument } & (
  | {
      readonly field: 'ingestionProgress';
      readonly renderer: Renderer<IngestionEvent>;
      readonly args: ProgressArgs;
    }
  | { readonly field: 'ingestions'; readonly renderer: Renderer<ListMessage>; readonly args: ListArgs }
);

/** What is particular to each field. */
const KINDS = {
  ingestionProgress: {
    toSource: (event: unknown): unknown => toGraphqlEvent(event as IngestionEvent),
    typeOf: (event: unknown) => (event as IngestionEvent).payload.type,
  },
  ingestions: { toSource: (message: unknown) => message, typeOf: () => 'list' },
} as const;
type SharedField = keyof typeof KINDS;
const isShared = (name: string): name is SharedField => Object.hasOwn(KINDS, name);

/** See the file's head. */
export interface SharedExecution {
  /** Null if the operation must take the slow path. */
  prepare(prepared: Prepared): SharedSubscription | null;
  /** Events executed since the start. */
  readonly executions: number;
  /** Distinct documents known. */
  readonly documents: number;
}

/** Distinct documents cached; the least recently used one is evicted. */
const MAX_DOCUMENTS = 200;
/** Bytes of those together, estimated, with the variables that tell them apart. */
const MAX_DOCUMENT_BYTES = 16_777_216;

/** The result in the order of the slow path: data, then errors. */
function serialise({ data, errors }: ExecutionResult, mask: MaskError): string {
  if (errors === undefined) return JSON.stringify({ data });
  return JSON.stringify({ data, errors: errors.map((error) => mask(error).toJSON()) });
}

/** The root field if it is the only one and plain, else null. */
function rootField({ operation }: Prepared): FieldNode | null {
  const [field, ...others] = operation.selectionSet.selections;
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION || field === undefined || others.length > 0)
    return null;
  if (field.kind !== Kind.FIELD || !isShared(field.name.value)) return null;
  return (field.directives?.length ?? 0) === 0 ? field : null;
}

/** The variables that a result depends on: those used outside the root field's own arguments. */
function relevantVariables(prepared: Prepared, root: FieldNode): string {
  const names = new Set<string>();
  visit(prepared.document, {
    OperationDefinition: (node) => (node === prepared.operation ? undefined : false),
    VariableDefinition: () => false,
    Argument: (_node, _key, _parent, _path, ancestors) => (ancestors.at(-1) === root ? false : undefined),
    Variable: (node) => void names.add(node.name.value),
  });
  return JSON.stringify([...names].sort().map((name) => [name, prepared.variables[name]]));
}

/** Creates the shared execution of a schema. */
export function createSharedExecution(schema: GraphQLSchema, mask: MaskError): SharedExecution {
  const renderers = createBoundedMap<{
    readonly renderer: Renderer<object>;
    readonly document: HeldDocument;
  }>({
    maxEntries: MAX_DOCUMENTS,
    maxBytes: MAX_DOCUMENT_BYTES,
    // The variables are kept as the key, and as they are.
    sizeOf: ({ document }, key) => document.bytes + 4 * key.length,
  });
  const documentIds = new WeakMap<Prepared['document'], number>();
  let lastDocumentId = 0;
  let executions = 0;

  function createRenderer(
    { document, operation, variables }: Prepared,
    root: FieldNode,
    type: GraphQLOutputType,
  ): Renderer<object> {
    const { toSource, typeOf } = KINDS[root.name.value as SharedField];
    const rendered = new WeakMap<object, Buffer>();
    const compiled = compileField(schema, document, type, root);
    const key = root.alias?.value ?? root.name.value;
    const compiledPayload = (event: object): string | null => {
      if (compiled === null) return null;
      try {
        return JSON.stringify({ data: { [key]: compiled(toSource(event)) } });
      } catch {
        // Not plain, or not as the schema says: graphql-js reports the error.
        return null;
      }
    };
    const executedPayload = (event: object): string => {
      const result = execute({
        schema,
        document,
        operationName: operation.name?.value ?? null,
        variableValues: variables,
        rootValue: event,
      });
      // No resolver under an event returns a promise.
      if (!('data' in result) && !('errors' in result))
        throw new Error('An event was executed asynchronously.');
      return serialise(result, mask);
    };
    return {
      render: (event) => {
        const known = rendered.get(event);
        if (known !== undefined) return known;
        executions += 1;
        const payload = Buffer.from(compiledPayload(event) ?? executedPayload(event));
        rendered.set(event, payload);
        return payload;
      },
      typeOf,
    };
  }

  function rendererOf(prepared: Prepared, root: FieldNode, type: GraphQLOutputType): Renderer<object> {
    let id = documentIds.get(prepared.document);
    if (id === undefined) documentIds.set(prepared.document, (id = lastDocumentId += 1));
    const key = `${id} ${prepared.operation.name?.value ?? ''} ${relevantVariables(prepared, root)}`;
    const known = renderers.get(key)?.renderer;
    if (known !== undefined) return known;
    const renderer = createRenderer(prepared, root, type);
    renderers.set(key, { renderer, document: heldDocumentOf(prepared.operation) });
    return renderer;
  }

  return {
    prepare: (prepared) => {
      const root = rootField(prepared);
      const definition = schema.getSubscriptionType()?.getFields()[root?.name.value ?? ''];
      if (root === null || definition === undefined) return null;
      return {
        field: root.name.value,
        renderer: rendererOf(prepared, root, definition.type),
        args: getArgumentValues(definition, root, prepared.variables),
        document: heldDocumentOf(prepared.operation),
      } as unknown as SharedSubscription;
    },
    get executions() {
      return executions;
    },
    get documents() {
      return renderers.size;
    },
  };
}
