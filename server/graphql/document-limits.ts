/** Limits of documents (depth, aliases), as a validation rule, and of variables (depth). Safe against cyclic fragments. */
import { GraphQLError, Kind } from 'graphql';
import type { SelectionSetNode, ValidationContext, ValidationRule } from 'graphql';
import type { LimitLogger } from '../observability/limit-logger.js';

/** Limits of one document. */
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
      // Counts as nothing while it is measured: cycles are rejected by a rule of the specification.
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

/** Creates the rule; a document past a limit gets one error that names the limit. */
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
