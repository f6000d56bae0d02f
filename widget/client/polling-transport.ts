/**
 * Transport over HTTP polling: each poll sends one GET request for each watch, with `If-None-Match`. Polls never overlap.
 * The state machine decides when the next one is due. (invariant: every-step-has-a-timeout)
 */
import { ReadProgressDocument } from '../generated/operations.js';
import { failureForErrors, toFailure, failureOf, timeoutFailure } from './retry-policy.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import { OperationError, type ServerMessage, type Failure, type Transport } from './transport.js';

/** Options of the transport; ms. */
export interface PollingTransportOptions {
  readonly environment: Environment;
  /** `http:` or `https:`. */
  readonly url: string;
  readonly pollTimeoutMs: number;
}

const UNREACHABLE = failureOf('retry', 'CONNECTION_LOST', 'No GraphQL server responded over HTTP.');

/** Something else answered: a login page, a proxy, a captive portal, or another service. */
const notGraphql = ({ status, headers, redirected }: Response): Failure =>
  failureOf(
    'retry',
    'NOT_GRAPHQL',
    `The endpoint answered ${String(status)} ${headers.get('content-type') ?? 'without a content type'}${redirected ? ', after a redirect' : ''}: not GraphQL. Check the endpoint, and what is in front of it.`,
  );

interface Poll {
  readonly url: string;
  readonly onMessage: (message: ServerMessage) => void;
  etag: string | null;
}
/** Body of a GraphQL response, if it is one. */
interface ResponseBody {
  readonly data?: { readonly progress?: unknown } | null;
  readonly errors?: unknown;
}

/** Makes the HTTP polling transport. */
export function createPollingTransport({
  environment,
  url,
  pollTimeoutMs,
}: PollingTransportOptions): Transport {
  return {
    open(token, listener) {
      const timers = createTimers(environment);
      const requests = new Set<AbortController>();
      const polls = new Set<Poll>();
      const sessionHeaders = {
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      };
      let polling = false;
      let isClosed = false;

      /** Rejects with `OperationError` if no GraphQL server responds. */
      async function fetchJson(to: string, init: RequestInit): Promise<[Response, ResponseBody]> {
        const request = new AbortController();
        const headers = { ...sessionHeaders, ...(init.headers as Readonly<Record<string, string>>) };
        let failure = UNREACHABLE;
        let response: Response | undefined;
        requests.add(request);
        timers.deadline(request, pollTimeoutMs, () => {
          failure = timeoutFailure('HTTP');
          request.abort();
        });
        try {
          response = await environment.fetch(to, { ...init, headers, signal: request.signal });
          return [response, response.status === 304 ? {} : Object(await response.json())];
        } catch (cause) {
          // Refused, aborted, or not JSON (a proxy's page): the code says which; the cause is kept for debugging.
          if (response && cause instanceof SyntaxError) failure = notGraphql(response);
          throw new OperationError(failure, { cause });
        } finally {
          timers.cancel(request);
          requests.delete(request);
        }
      }

      /** Polls once; resolves with the failure if the server did not respond. */
      async function pollOnce(poll: Poll): Promise<Failure | null> {
        try {
          const init = poll.etag === null ? {} : { headers: { 'if-none-match': poll.etag } };
          const [response, { data, errors }] = await fetchJson(poll.url, init);
          const { status, headers } = response;
          if (!polls.has(poll) || isClosed) return null;
          const time = Date.parse(headers.get('date') ?? '');
          const serverTime = Number.isNaN(time) ? null : time;
          if (status === 304) poll.onMessage({ type: 'unchanged', serverTime });
          else if (Array.isArray(errors))
            poll.onMessage({ type: 'failed', failure: failureForErrors(errors) });
          else if (data) {
            poll.etag = headers.get('etag');
            poll.onMessage({ type: 'state', progress: data.progress, serverTime });
          } else return notGraphql(response);
          return null;
        } catch (error) {
          return toFailure(error);
        }
      }

      async function pollAll(): Promise<void> {
        polling = true;
        const failures = await Promise.all([...polls].map(pollOnce));
        polling = false;
        if (isClosed) return;
        const [failure] = failures;
        if (failure && failures.every((each) => each)) listener.onFailure(failure);
        else listener.onData?.();
      }

      return {
        watch({ projectId, ingestionId }, onMessage) {
          const address = new URL(url);
          address.searchParams.set('query', ReadProgressDocument);
          address.searchParams.set('variables', JSON.stringify({ projectId, ingestionId }));
          const poll: Poll = { url: address.href, onMessage, etag: null };
          polls.add(poll);
          return () => {
            polls.delete(poll);
          };
        },
        check() {
          if (!polling) void pollAll();
        },
        async request(operation) {
          const [, { data, errors }] = await fetchJson(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(operation),
          });
          if (Array.isArray(errors)) throw new OperationError(failureForErrors(errors));
          return data;
        },
        close() {
          isClosed = true;
          for (const request of requests) request.abort();
        },
      };
    },
  };
}
