/**
 * Repairs the form of an error or an ending: an exception's class as its code, an empty message, a text too long, an output
 * too large. A job says such things once, often from an exception handler, and must not lose them. Pure.
 */
import { cutText, LIMITS } from '@ingestion-progress/schema';

/** What a check found: where. */
interface Issue {
  readonly path: readonly PropertyKey[];
}

type Fields = Record<string, unknown>;

/** Words of a value; none for an object, which may refuse to become text. */
function wordsOf(value: unknown): string {
  if (value instanceof Error) return wordsOf(value.message);
  if (typeof value === 'string') return value;
  return typeof value === 'object' || value === undefined || typeof value === 'function' ? '' : String(value);
}

/** `ValueError` becomes `VALUE_ERROR`, `java.io.IOException` `JAVA_IO_IO_EXCEPTION`. */
export function normalizeErrorCode(given: unknown): string {
  const code = wordsOf(given)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, LIMITS.errorCode);
  return code === '' ? 'ERROR' : code;
}

function repairError(report: Fields, adjustments: string[]): Fields {
  const repaired = { ...report };
  const errorCode = normalizeErrorCode(report['errorCode']);
  if (errorCode !== report['errorCode']) {
    repaired['errorCode'] = errorCode;
    adjustments.push(`errorCode: made into ${errorCode}`);
  }
  const { message } = report;
  const words = wordsOf(message);
  const said = words.trim() === '' ? errorCode : cutText(words, LIMITS.message);
  if (said !== message) {
    repaired['message'] = said;
    adjustments.push(
      words.length > LIMITS.message
        ? `message: cut at ${LIMITS.message} characters`
        : 'message: empty, so the code stands in its place',
    );
  }
  if (typeof report['recoverable'] !== 'boolean') {
    repaired['recoverable'] = false;
    adjustments.push('recoverable: taken as false, since it is neither true nor false');
  }
  return repaired;
}

function repairResult(given: unknown, adjustments: string[]): Fields {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    adjustments.push('result: taken as empty, since it is no object');
    return {};
  }
  const result = given as Fields;
  const { summary } = result;
  if (typeof summary !== 'string' || summary.length <= LIMITS.summary) return result;
  adjustments.push(`result.summary: cut at ${LIMITS.summary} characters`);
  return { ...result, summary: cutText(summary, LIMITS.summary) };
}

/** A copy without what stands at a path; for a link, without that link. */
function without(value: unknown, [key, ...rest]: readonly PropertyKey[]): unknown {
  if (key === undefined) return value;
  if (Array.isArray(value)) return value.filter((_, index) => index !== key);
  const { [key as string]: child, ...others } = value as Fields;
  return rest.length === 0 || !Array.isArray(child)
    ? others
    : { ...others, [key as string]: without(child, rest) };
}

const ADDRESS: ReadonlySet<PropertyKey> = new Set(['projectId', 'ingestionId', 'sequence', 'attemptKey']);

/** Repairs a report that `check` finds fault with; what cannot be repaired is dropped, but never the address. */
export function repairEnding(
  type: 'error' | 'ingestion_complete',
  report: unknown,
  check: (report: unknown) => readonly Issue[],
): { readonly report: unknown; readonly adjustments: readonly string[] } {
  const adjustments: string[] = [];
  if (typeof report !== 'object' || report === null) return { report, adjustments };
  let repaired: unknown =
    type === 'error'
      ? repairError(report as Fields, adjustments)
      : { ...report, result: repairResult((report as Fields)['result'], adjustments) };
  // One issue at a time: dropping a link moves those behind it.
  for (let issues = check(repaired); issues.length > 0; issues = check(repaired)) {
    const issue = issues.find(({ path }) => !ADDRESS.has(path[0] ?? ''));
    const keys = issue === undefined ? [] : [...issue.path, ...unknownKeys(issue)];
    if (keys.length === 0 || adjustments.length > 100) return { report: repaired, adjustments };
    repaired = isLongList(keys, repaired) ? shorten(repaired) : remove(repaired, keys);
    adjustments.push(`${keys.map(String).join('.')}: dropped, since it breaks the rules`);
  }
  return { report: repaired, adjustments };
}

/** The unknown key that zod's issue names beside its path. */
const unknownKeys = (issue: Issue): readonly PropertyKey[] =>
  'keys' in issue && Array.isArray(issue.keys) ? (issue.keys as string[]).slice(0, 1) : [];

/** Removes a field of the report or of its result, whole: half a set of retry options says something else. */
function remove(report: unknown, keys: readonly PropertyKey[]): unknown {
  const [first = '', second, ...rest] = keys;
  if (first !== 'result' || second === undefined) return without(report, [first]);
  const { result } = report as { result: unknown };
  return { ...(report as Fields), result: without(result, [second, ...(second === 'links' ? rest : [])]) };
}

const isLongList = (keys: readonly PropertyKey[], report: unknown): boolean => {
  const links = ((report as Fields)['result'] as Fields | undefined)?.['links'];
  return keys.join('.') === 'result.links' && Array.isArray(links) && links.length > LIMITS.links;
};

function shorten(report: unknown): unknown {
  const { result, ...others } = report as { result: Fields };
  const links = (result['links'] as unknown[]).slice(0, LIMITS.links);
  return { ...others, result: { ...result, links } };
}
