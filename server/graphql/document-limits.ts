/**
 * Limits of documents (depth, aliases, cost), as a validation rule, and of variables (depth). Safe against cyclic
 * fragments.
 *
 * The cost is what a document can return: each field costs 1, or its weight if its value may be long, and everything
 * below a list is multiplied by the length that the list can have (size × multiplicity, as in GitHub's "Rate limits and
 * query limits for the GraphQL API").
 */
import { GraphQLError, Kind, getNamedType, getNullableType, isCompositeType, isListType } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLNamedType,
  SelectionSetNode,
  ValidationContext,
  ValidationRule,
} from 'graphql';
import type { LimitLogger } from '../observability/limit-logger.js';

/** Limits of one document. */
export interface DocumentLimits {
  /** Tokens. @default 2000 */
  readonly tokens: number;
  /** Levels of fields. @default 15 */
  readonly depth: number;
  /** Fields with an alias, each use of a fragment counted. @default 50 */
  readonly aliases: number;
  /** What the document can return, in fields; see the head of this file. @default 200000 */
  readonly cost: number;
  /** Levels of the variables; a flat object is one. @default 32 */
  readonly jsonDepth: number;
}

/** The defaults. */
export const DOCUMENT_LIMITS: DocumentLimits = Object.freeze({
  tokens: 2_000,
  depth: 15,
  aliases: 50,
  cost: 200_000,
  jsonDepth: 32,
});

/** A limit was exceeded. */
export class LimitError extends GraphQLError {
  constructor(
    /** What is limited, for the log. */
    readonly limit: string,
    readonly max: number,
    message: string,
  ) {
    super(message);
  }
}

/** Logs those errors that are exceeded limits. */
export function logExceededLimits(
  errors: readonly unknown[],
  subject: string,
  limitLogger: LimitLogger,
): void {
  for (const error of errors) {
    if (error instanceof LimitError) limitLogger.logExceeded(error.limit, subject, error.max);
  }
}

/** Whether a JSON value has more levels than that; a scalar has none. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isDeeper(child, levels - 1));
}

/** Cost of fields whose values may be long, by name; 1 for any other. A field costs about 10 bytes of answer. */
const FIELD_WEIGHTS: Readonly<Record<string, number>> = Object.freeze({
  output: 500,
  payload: 100,
  message: 20,
  summary: 20,
  item: 10,
  url: 10,
});
/** Longest that lists without a `first` argument can be, by name; 10 for any other. */
const LIST_LENGTHS: Readonly<Record<string, number>> = Object.freeze({
  phases: 12,
  counters: 20,
  byCode: 52,
});
/** Lists that are as long as a page, or as this share of it: what entered and what changed are together one page. */
const PAGE_SHARES: Readonly<Record<string, number>> = Object.freeze({
  edges: 1,
  rows: 1,
  entered: 0.5,
  changed: 0.5,
  left: 1,
});
/** Most entries of a page, by the name of its field. */
const PAGE_LIMITS: Readonly<Record<string, number>> = Object.freeze({
  ingestionEvents: 500,
  ingestionProblems: 500,
});
/** Of any other. */
const PAGE_LIMIT = 100;

interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly cost: number;
}

const NOTHING: Measure = { depth: 0, aliases: 0, cost: 0 };

function fieldOf(
  parent: GraphQLNamedType | undefined,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  return parent !== undefined && 'getFields' in parent
    ? (parent.getFields()[name] as GraphQLField<unknown, unknown> | undefined)
    : undefined;
}

/** Entries of the page that a field asks for by `first`; null if it takes no such argument. */
function pageLengthOf(node: FieldNode, field: GraphQLField<unknown, unknown> | undefined): number | null {
  const definition = field?.args.find(({ name }) => name === 'first');
  if (definition === undefined) return null;
  const given = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  // A variable, whose value is not known when a document is validated, may ask for as much as there can be.
  const most = PAGE_LIMITS[node.name.value] ?? PAGE_LIMIT;
  if (given === undefined)
    return typeof definition.defaultValue === 'number' ? definition.defaultValue : most;
  // Anything else is refused by a rule of the specification.
  return given.kind === Kind.INT ? Math.max(0, Number(given.value)) : most;
}

/** What is measured, and what is known of the fragments so far. */
interface Measuring {
  readonly context: ValidationContext;
  readonly fragments: Map<string, Measure>;
}

function measureField(
  node: FieldNode,
  parent: GraphQLNamedType | undefined,
  pageLength: number,
  measuring: Measuring,
): Measure {
  const field = fieldOf(parent, node.name.value);
  const type = field === undefined ? undefined : getNamedType(field.type);
  const page = pageLengthOf(node, field);
  const inner = measure(
    node.selectionSet,
    type !== undefined && isCompositeType(type) ? type : undefined,
    page ?? pageLength,
    measuring,
  );
  let times = 1;
  if (field !== undefined && isListType(getNullableType(field.type))) {
    const share = PAGE_SHARES[node.name.value];
    times = share === undefined ? (LIST_LENGTHS[node.name.value] ?? 10) : share * pageLength;
  }
  return {
    depth: inner.depth + 1,
    aliases: inner.aliases + (node.alias === undefined ? 0 : 1),
    cost: (FIELD_WEIGHTS[node.name.value] ?? 1) + times * inner.cost,
  };
}

/** @param pageLength Entries of the nearest page above, which is how long its `edges` or rows are. */
function measure(
  set: SelectionSetNode | undefined,
  parent: GraphQLNamedType | undefined,
  pageLength: number,
  measuring: Measuring,
): Measure {
  const { context, fragments } = measuring;
  let depth = 0;
  let aliases = 0;
  let cost = 0;
  for (const node of set?.selections ?? []) {
    let inner: Measure;
    if (node.kind === Kind.FIELD) {
      inner = measureField(node, parent, pageLength, measuring);
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      const name = node.typeCondition?.name.value;
      const type = name === undefined ? parent : (context.getSchema().getType(name) ?? undefined);
      inner = measure(node.selectionSet, type, pageLength, measuring);
    } else {
      const name = node.name.value;
      const key = `${name} ${pageLength}`;
      const known = fragments.get(key);
      // Counts as nothing while it is measured: cycles are rejected by a rule of the specification.
      if (known === undefined) fragments.set(key, NOTHING);
      const fragment = context.getFragment(name);
      const type = fragment && (context.getSchema().getType(fragment.typeCondition.name.value) ?? undefined);
      inner = known ?? measure(fragment?.selectionSet, type ?? undefined, pageLength, measuring);
      fragments.set(key, inner);
    }
    depth = Math.max(depth, inner.depth);
    aliases += inner.aliases;
    cost += inner.cost;
  }
  return { depth, aliases, cost };
}

/**
 * Creates the rule; a document past a limit gets one error that names the limit. `onCost` is called with the cost of
 * each operation.
 */
export function createLimitsRule(
  limits: DocumentLimits,
  onCost?: (document: DocumentNode, cost: number) => void,
): ValidationRule {
  return (context) => ({
    Document: {
      enter: (document) => {
        const measuring = { context, fragments: new Map<string, Measure>() };
        for (const node of document.definitions) {
          if (node.kind !== Kind.OPERATION_DEFINITION) continue;
          const root = context.getSchema().getRootType(node.operation) ?? undefined;
          const { depth, aliases, cost } = measure(node.selectionSet, root, 1, measuring);
          if (depth > limits.depth) {
            context.reportError(
              new LimitError(
                'levels of a document',
                limits.depth,
                `The document is ${depth} levels deep; at most ${limits.depth}.`,
              ),
            );
          }
          if (aliases > limits.aliases) {
            context.reportError(
              new LimitError(
                'aliases of a document',
                limits.aliases,
                `The document has ${aliases} aliases; at most ${limits.aliases}.`,
              ),
            );
          }
          onCost?.(document, cost);
          if (cost > limits.cost) {
            context.reportError(
              new LimitError(
                'cost of a document',
                limits.cost,
                `The document can return ${cost} fields; at most ${limits.cost}. Ask for smaller pages or fewer fields.`,
              ),
            );
          }
        }
      },
    },
  });
}
