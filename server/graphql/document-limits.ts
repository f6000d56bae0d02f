/** Bounds of a document beside its tokens, as a validation rule: depth and aliases; and of its variables. Safe against fragments in a cycle. */
import { GraphQLError, Kind } from 'graphql';
import type { SelectionSetNode, ValidationContext, ValidationRule } from 'graphql';
import type { OffenderLog } from '../observability/limit-logger.js';

/** Bounds of what a client may ask for in one document. */
export interface DocumentLimits {
  /** Tokens. @default 2000 */
  readonly tokens: number;
  /** Levels of fields. @default 15 */
  readonly depth: number;
  /** Fields with an alias, each use of a fragment counted. @default 50 */
  readonly aliases: number;
  /** Levels of the variables; a flat object is one. @default 32 */
  readonly jsonDepth: number;
}

/** The defaults. */
export const DOCUMENT_LIMITS: DocumentLimits = Object.freeze({
  tokens: 2_000,
  depth: 15,
  aliases: 50,
  jsonDepth: 32,
});

/** A bound that was passed. */
export class LimitError extends GraphQLError {
  constructor(
    /** What is bounded, for the log. */
    readonly limit: string,
    readonly most: number,
    message: string,
  ) {
    super(message);
  }
}

/** Tells of those errors that are a bound which this subject has passed. */
export function tellOfLimits(errors: readonly unknown[], subject: string, offenders: OffenderLog): void {
  for (const error of errors) {
    if (error instanceof LimitError) offenders.tell(error.limit, subject, error.most);
  }
}

/** Whether a JSON value has more levels than that; a scalar has none. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isDeeper(child, levels - 1));
}

interface Measure {
  readonly depth: number;
  readonly aliases: number;
}

const NOTHING: Measure = { depth: 0, aliases: 0 };

function measure(
  set: SelectionSetNode | undefined,
  context: ValidationContext,
  fragments: Map<string, Measure>,
): Measure {
  let depth = 0;
  let aliases = 0;
  for (const node of set?.selections ?? []) {
    let inner: Measure;
    let own = 0;
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      const name = node.name.value;
      const known = fragments.get(name);
      // Counted as nothing while it is measured: a cycle is refused by a rule of the specification.
      if (known === undefined) fragments.set(name, NOTHING);
      inner = known ?? measure(context.getFragment(name)?.selectionSet, context, fragments);
      fragments.set(name, inner);
    } else {
      own = node.kind === Kind.FIELD ? 1 : 0;
      if (node.kind === Kind.FIELD && node.alias !== undefined) aliases += 1;
      inner = measure(node.selectionSet, context, fragments);
    }
    depth = Math.max(depth, inner.depth + own);
    aliases += inner.aliases;
  }
  return { depth, aliases };
}

/** The rule; a document past a bound gets one error that names the bound. */
export function createLimitsRule(limits: DocumentLimits): ValidationRule {
  return (context) => ({
    Document: {
      enter: (document) => {
        const fragments = new Map<string, Measure>();
        for (const node of document.definitions) {
          if (node.kind !== Kind.OPERATION_DEFINITION) continue;
          const { depth, aliases } = measure(node.selectionSet, context, fragments);
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
        }
      },
    },
  });
}
