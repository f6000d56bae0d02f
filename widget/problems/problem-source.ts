/**
 * Reads problems page by page over HTTP. A token that the server rejects is asked for anew, once; every step has a
 * timeout. Leaves showing them to the element.
 */
import type { GetToken } from '../client/index.js';
import {
  DownloadProblemsDocument,
  ReadProblemsDocument,
  type DownloadProblemsQuery,
  type ReadProblemsQuery,
} from '../generated/operations.js';

/** One problem of an item. */
export type Problem = ReadProblemsQuery['ingestionProblems']['edges'][number]['node'];
/** How many problems the newest attempt has. */
export type Counts = NonNullable<ReadProblemsQuery['progress']>['problems'];
/** How grave a problem is. */
export type Severity = Problem['severity'];

/** Where to ask. */
export interface Source {
  /** GraphQL URL, absolute or relative to the page. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly getToken: GetToken | undefined;
}

/** What to ask for. */
export interface Query {
  readonly projectId: string;
  readonly ingestionId: string;
  /** Null: both. */
  readonly severity: Severity | null;
  /** Null: the newest. */
  readonly attempt: number | null;

  /** End of the page before; null for the first. */
  readonly after: string | null;
}

/** One page. */
export interface ProblemPage {
  readonly problems: readonly Problem[];
  /** Where the next page begins; null after the last. */
  readonly next: string | null;
  /** Null if the ingestion is not known, and for a download. */
  readonly progress: ReadProblemsQuery['progress'];
}

/** Why problems could not be read; `code` is the server's, or CONNECTION_LOST or TOKEN_UNAVAILABLE. */
export class ProblemsError extends Error {
  override readonly name = 'ProblemsError';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How long a token or an answer may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

interface Body {
  readonly data?: ReadProblemsQuery | DownloadProblemsQuery | null;
  readonly errors?: readonly {
    readonly message?: string;
    readonly extensions?: { readonly code?: string };
  }[];
}

/** Rejects once the signal aborts, whatever a host's promise does. */
async function within<T>(signal: AbortSignal, task: () => T | Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return Promise.race([
    Promise.resolve().then(task),
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    }),
  ]);
}

async function tokenOf(
  { token, getToken }: Source,
  force: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  if (getToken === undefined) return token ?? null;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const got: unknown = await within(limit, () => getToken({ force, signal: limit }));
    if (typeof got === 'string' && got !== '') return got;
    throw new TypeError('getToken must return a non-empty string.');
  } catch (cause) {
    signal.throwIfAborted();
    throw new ProblemsError('TOKEN_UNAVAILABLE', String(cause), { cause });
  }
}

async function post(
  source: Source,
  token: string | null,
  operation: object,
  signal: AbortSignal,
): Promise<Body> {
  try {
    const response = await fetch(new URL(source.endpoint, document.baseURI), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(operation),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return (await response.json()) as Body;
  } catch (cause) {
    signal.throwIfAborted();
    throw new ProblemsError('CONNECTION_LOST', 'No GraphQL server responded.', { cause });
  }
}

/** What a page is for: of the list with the counts (50), or of a download (200). */
export type Purpose = 'list' | 'download';

/** Reads one page. Rejects with `ProblemsError`, or with the signal's reason once it is aborted. */
export async function readProblems(
  purpose: Purpose,
  source: Source,
  query: Query,
  signal: AbortSignal,
): Promise<ProblemPage> {
  const text = purpose === 'list' ? ReadProblemsDocument : DownloadProblemsDocument;
  const operation = { query: text, variables: query };
  for (let force = false; ; force = true) {
    const token = await tokenOf(source, force, signal);
    const { data, errors } = await post(source, token, operation, signal);
    const [error] = errors ?? [];
    const code = error?.extensions?.code ?? 'INTERNAL_SERVER_ERROR';
    if (code === 'UNAUTHENTICATED' && source.getToken !== undefined && !force) continue;
    if (error !== undefined) throw new ProblemsError(code, error.message ?? '');
    if (!data) throw new ProblemsError('CONNECTION_LOST', 'No GraphQL server responded.');
    const { edges, pageInfo } = data.ingestionProblems;
    return {
      problems: edges.map(({ node }) => node),
      next: pageInfo.hasNextPage ? pageInfo.endCursor : null,
      progress: 'progress' in data ? data.progress : null,
    };
  }
}
