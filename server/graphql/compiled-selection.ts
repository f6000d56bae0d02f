/**
 * Compiles a selection set to functions: what graphql-js decides at each execution (which fields, of which type, in which
 * order) is decided once. For plain data only; anything else is left to graphql-js, which gives the same bytes. Knows no
 * event.
 */
import {
  Kind,
  defaultFieldResolver,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLLeafType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionSetNode,
} from 'graphql';

/** Completes a value by its selection. */
export type Complete = (value: unknown) => unknown;

/** graphql-js has to execute this: a null that is not allowed, a value that does not serialise. */
export class NotPlainError extends Error {
  override readonly name = 'NotPlainError';
}

type Source = Readonly<Record<string, unknown>>;

/** Fields of one object type by response key, in the order of their first mention. */
type Fields = Map<string, FieldNode[]>;

function isSource(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Compiles selections of a document; each method returns null if something in it is not plain. */
class Compiler {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#schema = schema;
    this.#fragments = new Map(
      document.definitions
        .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map((definition) => [definition.name.value, definition]),
    );
  }

  /** As graphql-js's own `CollectFields`; false at a directive, whose meaning may change from one execution to the next. */
  #collect(type: GraphQLObjectType, selectionSet: SelectionSetNode, fields: Fields): boolean {
    return selectionSet.selections.every((selection) => {
      if ((selection.directives?.length ?? 0) > 0) return false;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        const known = fields.get(key);
        if (known === undefined) fields.set(key, [selection]);
        else known.push(selection);
        return true;
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
      if (fragment === undefined || (fragment.directives?.length ?? 0) > 0) return false;
      const condition = fragment.typeCondition?.name.value;
      return !this.#applies(type, condition) || this.#collect(type, fragment.selectionSet, fields);
    });
  }

  #applies(type: GraphQLObjectType, condition: string | undefined): boolean {
    if (condition === undefined || condition === type.name) return true;
    const named = this.#schema.getType(condition);
    return isAbstractType(named) && this.#schema.isSubType(named, type);
  }

  output(type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete | null {
    if (isNonNullType(type)) {
      const complete = this.output(type.ofType, nodes);
      if (complete === null) return null;
      return (value) => {
        const completed = complete(value);
        if (completed === null) throw new NotPlainError('A null that may not be.');
        return completed;
      };
    }
    if (isListType(type)) return this.#list(type.ofType, nodes);
    if (isLeafType(type)) return leaf(type);
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return isObjectType(type) ? this.object(type, sets) : this.#abstract(type.name, sets);
  }

  #list(type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete | null {
    const complete = this.output(type, nodes);
    if (complete === null) return null;
    return (value) => {
      if (value === null || value === undefined) return null;
      if (!Array.isArray(value)) throw new NotPlainError('A list that is none.');
      return value.map((item) => complete(item));
    };
  }

  #abstract(name: string, sets: readonly SelectionSetNode[]): Complete | null {
    const type = this.#schema.getType(name);
    if (!isAbstractType(type)) return null;
    const byName = new Map<string, Complete>();
    for (const possible of this.#schema.getPossibleTypes(type)) {
      const complete = this.object(possible, sets);
      if (complete === null) return null;
      byName.set(possible.name, complete);
    }
    return (value) => {
      if (value === null || value === undefined) return null;
      const typeName = isSource(value) ? value['__typename'] : undefined;
      const complete = typeof typeName === 'string' ? byName.get(typeName) : undefined;
      if (complete === undefined) throw new NotPlainError('A value of no known type.');
      return complete(value);
    };
  }

  object(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): Complete | null {
    const collected: Fields = new Map();
    if (type.isTypeOf || !sets.every((set) => this.#collect(type, set, collected))) return null;
    const keys: string[] = [];
    const reads: ((source: Source) => unknown)[] = [];
    for (const [key, nodes] of collected) {
      const read = this.#field(type, nodes);
      // On a plain object this key would be its prototype.
      if (read === null || key === '__proto__') return null;
      keys.push(key);
      reads.push(read);
    }
    return (value) => {
      if (value === null || value === undefined) return null;
      if (!isSource(value)) throw new NotPlainError('An object that is none.');
      const completed: Record<string, unknown> = {};
      for (let index = 0; index < keys.length; index += 1) {
        completed[keys[index] ?? ''] = reads[index]?.(value);
      }
      return completed;
    };
  }

  #field(type: GraphQLObjectType, nodes: readonly FieldNode[]): ((source: Source) => unknown) | null {
    const name = nodes[0]?.name.value ?? '';
    if (name === '__typename') return () => type.name;
    const field = type.getFields()[name];
    if (field === undefined || field.args.length > 0) return null;
    if (field.resolve !== undefined && field.resolve !== defaultFieldResolver) return null;
    const complete = this.output(field.type, nodes);
    return complete === null ? null : (source) => complete(source[name]);
  }
}

function leaf(type: GraphQLLeafType): Complete {
  return (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value === 'function' || value instanceof Promise)
      throw new NotPlainError('A value to be resolved.');
    const serialized: unknown = type.serialize(value);
    if (serialized === null || serialized === undefined) throw new NotPlainError('A leaf that is nothing.');
    return serialized;
  };
}

/** Compiles the selection of a field of this type; null if graphql-js must execute it. */
export function compileField(
  schema: GraphQLSchema,
  document: DocumentNode,
  type: GraphQLOutputType,
  node: FieldNode,
): Complete | null {
  return new Compiler(schema, document).output(type, [node]);
}
