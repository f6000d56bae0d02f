/**
 * Parses and validates the documents that clients send, once per distinct document and within limits; the same for every
 * transport. Leaves execution to others.
 */
import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  getOperationAST,
  getVariableValues,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode, Token } from 'graphql';
import type { HeldDocument } from '../auth/quotas.js';
import { createBoundedMap } from '../shared/bounded-map.js';
import { DOCUMENT_LIMITS, LimitError, createLimitsRule, isDeeper } from './document-limits.js';
import type { DocumentLimits } from './document-limits.js';

/** A document with the operation that is to be run, and its variables as the schema wants them. */
export interface Prepared {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What a client sends. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** See the file's head. */
export interface Documents {
  /** @throws GraphQLError where it does not parse. */
  parse(query: string): DocumentNode;
  /** Whether a document is known to be valid: it is not parsed and validated again. */
  isKnown(query: string): boolean;
  validate(document: DocumentNode): readonly GraphQLError[];
  /** What is wrong with the shape of variables, before they are looked at; null where nothing is. */
  checkVariables(variables: unknown): GraphQLError | null;
  /** CPU that executing a valid document takes at most, in milliseconds, estimated by its cost. */
  executionMs(document: DocumentNode): number;
  /** Bytes of the documents that are cached, estimated. */
  readonly cachedBytes: number;
  /** Both, with the operation and its variables; or everything that is wrong with them. */
  prepare(request: OperationRequest): Prepared | readonly GraphQLError[];
}

/** Options. */
export interface DocumentsOptions {
  readonly schema: GraphQLSchema;
  readonly limits?: Partial<DocumentLimits> | undefined;
  /** Whether the schema may be asked for. */
  readonly introspection: boolean;
}

/** Documents cached; the least recently used one is evicted. */
const MAX_CACHED = 500;
/** Bytes of all cached documents together, as `heapBytesOf` estimates them: some 200 documents of the widget's size. */
const MAX_CACHED_BYTES = 16_777_216;
/** Heap of a token with its node and location: 482 bytes measured in V8 11 for `{ a a a … }`, its worst shape. */
const BYTES_PER_TOKEN = 500;
/** CPU of executing one field, in milliseconds: graphql-js completes one to two million a second on one core. */
const MS_PER_FIELD = 0.000_5;
/** Errors reported per document. */
const MAX_ERRORS = 10;

/** Estimates what a parsed document keeps on the heap, its text included. */
function heapBytesOf(firstToken: Token | null, query: string): number {
  let tokens = 0;
  for (let token = firstToken; token !== null; token = token.next) tokens += 1;
  return tokens * BYTES_PER_TOKEN + query.length * 2;
}

/** Documents that open subscriptions hold, one object for each; its size in bytes is estimated. */
const held = new WeakMap<OperationDefinitionNode, HeldDocument>();

/** The document that an open subscription holds; the same object for each subscription of one cached document. */
export function heldDocumentOf(operation: OperationDefinitionNode): HeldDocument {
  let document = held.get(operation);
  if (document === undefined) {
    let first = operation.loc?.startToken;
    while (first?.prev) first = first.prev;
    const bytes = heapBytesOf(first ?? null, operation.loc?.source.body ?? '');
    held.set(operation, (document = { bytes }));
  }
  return document;
}

/** Creates the cache. */
export function createDocuments(options: DocumentsOptions): Documents {
  const { schema, introspection } = options;
  const limits = { ...DOCUMENT_LIMITS, ...options.limits };
  /** CPU that executing a document may take, by its cost. */
  const executionMs = new WeakMap<DocumentNode, number>();
  const limitsRule = createLimitsRule(limits, (document, cost) =>
    executionMs.set(document, Math.max(executionMs.get(document) ?? 0, cost * MS_PER_FIELD)),
  );
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  // Only valid documents: what is refused must not be remembered, or strangers fill the heap with it.
  const accepted = createBoundedMap<DocumentNode>({
    maxEntries: MAX_CACHED,
    maxBytes: MAX_CACHED_BYTES,
    sizeOf: (document, query) => heapBytesOf(document.loc?.startToken ?? null, query),
  });
  const valid = new WeakSet<DocumentNode>();

  function parseWithinLimits(query: string): DocumentNode {
    try {
      return parse(query, { maxTokens: limits.tokens });
    } catch (error) {
      // Only its message distinguishes this error from others.
      const isTooLong = error instanceof GraphQLError && error.message.includes('Parsing aborted');
      throw isTooLong ? new LimitError('tokens of a document', limits.tokens, error.message) : error;
    }
  }

  const parseCached = (query: string): DocumentNode => accepted.get(query) ?? parseWithinLimits(query);

  function validateCached(document: DocumentNode): readonly GraphQLError[] {
    if (valid.has(document)) return [];
    const tooMuch = validate(schema, document, [limitsRule]);
    if (tooMuch.length > 0) return tooMuch;
    const errors = validate(schema, document, rules, { maxErrors: MAX_ERRORS });
    if (errors.length > 0) return errors;
    valid.add(document);
    const query = document.loc?.source.body;
    if (query !== undefined) accepted.set(query, document);
    return errors;
  }

  const checkVariables = (variables: unknown) =>
    isDeeper(variables, limits.jsonDepth)
      ? new LimitError(
          'levels of variables',
          limits.jsonDepth,
          `The variables are more than ${limits.jsonDepth} levels deep.`,
        )
      : null;

  return {
    parse: parseCached,
    isKnown: (query) => accepted.has(query),
    validate: validateCached,
    executionMs: (document) => executionMs.get(document) ?? 0,
    get cachedBytes() {
      return accepted.bytes;
    },
    checkVariables,
    prepare: ({ query, operationName, variables }) => {
      let document: DocumentNode;
      try {
        document = parseCached(query);
      } catch (error) {
        return [error instanceof GraphQLError ? error : new GraphQLError('The document does not parse.')];
      }
      const errors = validateCached(document);
      if (errors.length > 0) return errors;
      const operation = getOperationAST(document, operationName);
      if (operation === null || operation === undefined) {
        return [new GraphQLError('Unknown operation, or operationName is missing.')];
      }
      const tooDeep = checkVariables(variables);
      if (tooDeep !== null) return [tooDeep];
      const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, {
        maxErrors: MAX_ERRORS,
      });
      return coerced.errors ?? { document, operation, variables: coerced.coerced };
    },
  };
}
