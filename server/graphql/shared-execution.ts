/**
 * The fast road's first half: executes an event once for each distinct document and serialises it once, however many
 * watch. What cannot be shared takes the ordinary road; both give the same bytes. (invariant: one-upstream-per-project)
 */
import type { IngestionEvent } from '@ingestion-progress/schema';
import { Kind, OperationTypeNode, execute, getArgumentValues, visit } from 'graphql';
import type { ExecutionResult, FieldNode, GraphQLOutputType, GraphQLSchema } from 'graphql';
import { compileField } from './compiled-selection.js';
import type { Prepared } from './documents.js';
import type { MaskError } from './error-mask.js';
import type { ProgressArgs } from './watching.js';
import { toWireEvent } from './wire-event.js';

/** One distinct document: renders events for whoever watches by it. */
export interface Lane {
  /** The payload of a `next` message: JSON in UTF-8. The same buffer for everybody; not to be changed. */
  render(event: IngestionEvent): Buffer;
}

/** A subscription that can be shared. */
export interface Shared {
  readonly lane: Lane;
  readonly args: ProgressArgs;
}

/** See the file's head. */
export interface SharedExecution {
  /** Null where the operation must take the ordinary road. */
  share(prepared: Prepared): Shared | null;
  /** How many events were executed since the start. */
  readonly executions: number;
  readonly lanes: number;
}

/** Distinct documents remembered; those longest unused are forgotten. */
const MOST_LANES = 200;

/** The result as the ordinary road orders it: data, then errors. */
function serialise({ data, errors }: ExecutionResult, mask: MaskError): string {
  if (errors === undefined) return JSON.stringify({ data });
  return JSON.stringify({ data, errors: errors.map((error) => mask(error).toJSON()) });
}

/** The single plain root field; null where there is anything more to it. */
function rootField({ operation }: Prepared): FieldNode | null {
  const [field, ...others] = operation.selectionSet.selections;
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION || field === undefined || others.length > 0)
    return null;
  if (field.kind !== Kind.FIELD || field.name.value !== 'ingestionProgress') return null;
  return (field.directives?.length ?? 0) === 0 ? field : null;
}

/** The variables that a result depends on: those used outside the root field's own arguments. */
function variablesThatMatter(prepared: Prepared, root: FieldNode): string {
  const names = new Set<string>();
  visit(prepared.document, {
    OperationDefinition: (node) => (node === prepared.operation ? undefined : false),
    VariableDefinition: () => false,
    Argument: (_node, _key, _parent, _path, ancestors) => (ancestors.at(-1) === root ? false : undefined),
    Variable: (node) => void names.add(node.name.value),
  });
  return JSON.stringify([...names].sort().map((name) => [name, prepared.variables[name]]));
}

/** Makes the shared execution of a schema. */
export function createSharedExecution(schema: GraphQLSchema, mask: MaskError): SharedExecution {
  const lanes = new Map<string, Lane>();
  const documentIds = new WeakMap<Prepared['document'], number>();
  let documents = 0;
  let executions = 0;

  function createLane(
    { document, operation, variables }: Prepared,
    root: FieldNode,
    type: GraphQLOutputType,
  ): Lane {
    const rendered = new WeakMap<IngestionEvent, Buffer>();
    const compiled = compileField(schema, document, type, root);
    const key = root.alias?.value ?? root.name.value;
    const compiledPayload = (event: IngestionEvent): string | null => {
      if (compiled === null) return null;
      try {
        return JSON.stringify({ data: { [key]: compiled(toWireEvent(event)) } });
      } catch {
        // Not plain, or not as the schema says: graphql-js finds the words for it.
        return null;
      }
    };
    const executedPayload = (event: IngestionEvent): string => {
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
    };
  }

  function laneOf(prepared: Prepared, root: FieldNode, type: GraphQLOutputType): Lane {
    let id = documentIds.get(prepared.document);
    if (id === undefined) documentIds.set(prepared.document, (id = documents += 1));
    const key = `${id} ${prepared.operation.name?.value ?? ''} ${variablesThatMatter(prepared, root)}`;
    const lane = lanes.get(key) ?? createLane(prepared, root, type);
    lanes.delete(key);
    lanes.set(key, lane);
    const oldest = lanes.keys().next();
    if (lanes.size > MOST_LANES && oldest.done !== true) lanes.delete(oldest.value);
    return lane;
  }

  return {
    share: (prepared) => {
      const root = rootField(prepared);
      const definition = schema.getSubscriptionType()?.getFields()['ingestionProgress'];
      if (root === null || definition === undefined) return null;
      const args = getArgumentValues(definition, root, prepared.variables);
      return { lane: laneOf(prepared, root, definition.type), args: args as unknown as ProgressArgs };
    },
    get executions() {
      return executions;
    },
    get lanes() {
      return lanes.size;
    },
  };
}
