/**
 * The same by polling: each look is one round of GET requests, one for each watch, with `If-None-Match`. Rounds never
 * overlap. When the next one is due is decided elsewhere. (invariant: every-step-has-a-timeout)
 */
import { ReadProgressDocument } from '../generated/operations.js';
import { adviceForErrors, lossIn, lossOf, tooLate } from './advice.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import { OperationError, type Answer, type Loss, type Transport } from './transport.js';

/** Options of the transport; ms. */
export interface PollingTransportOptions {
  readonly environment: Environment;
  /** `http:` or `https:`. */
  readonly url: string;
  readonly pollTimeoutMs: number;
}

const UNREACHABLE = lossOf('retry', 'CONNECTION_LOST', 'No GraphQL server answered by HTTP.');

interface Poll {
  readonly url: string;
  readonly answer: (answer: Answer) => void;
  etag: string | null;
}
/** An answer of a GraphQL server, where it is one. */
interface Body {
  readonly data?: { readonly progress?: unknown } | null;
  readonly errors?: unknown;
}

/** Sessions over HTTP. */
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
      const accepted = {
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      };
      let asking = false;
      let over = false;

      /** Rejects with `OperationError` where there is no answer of a GraphQL server. */
      async function exchange(to: string, init: RequestInit): Promise<[Response, Body]> {
        const request = new AbortController();
        const headers = { ...accepted, ...(init.headers as Readonly<Record<string, string>>) };
        let loss = UNREACHABLE;
        requests.add(request);
        timers.deadline(request, pollTimeoutMs, () => {
          loss = tooLate('HTTP');
          request.abort();
        });
        try {
          const response = await environment.fetch(to, { ...init, headers, signal: request.signal });
          return [response, response.status === 304 ? {} : Object(await response.json())];
        } catch (cause) {
          // Refused, aborted, or not JSON (a proxy's page): the reason is told by code, the cause kept for whoever debugs.
          throw new OperationError(loss, { cause });
        } finally {
          timers.end(request);
          requests.delete(request);
        }
      }

      /** What went wrong where the server did not answer. */
      async function ask(poll: Poll): Promise<Loss | null> {
        try {
          const init = poll.etag === null ? {} : { headers: { 'if-none-match': poll.etag } };
          const [{ status, headers }, { data, errors }] = await exchange(poll.url, init);
          if (!polls.has(poll) || over) return null;
          const time = Date.parse(headers.get('date') ?? '');
          const serverTime = Number.isNaN(time) ? null : time;
          if (status === 304) poll.answer({ type: 'unchanged', serverTime });
          else if (Array.isArray(errors)) poll.answer({ type: 'failed', loss: adviceForErrors(errors) });
          else if (data) {
            poll.etag = headers.get('etag');
            poll.answer({ type: 'state', progress: data.progress, serverTime });
          } else return UNREACHABLE;
          return null;
        } catch (error) {
          return lossIn(error);
        }
      }

      async function round(): Promise<void> {
        asking = true;
        const losses = await Promise.all([...polls].map(ask));
        asking = false;
        if (over) return;
        const [loss] = losses;
        if (loss && losses.every((each) => each)) listener.lost(loss);
        else listener.answered?.();
      }

      return {
        watch({ projectId, ingestionId }, answer) {
          const address = new URL(url);
          address.searchParams.set('query', ReadProgressDocument);
          address.searchParams.set('variables', JSON.stringify({ projectId, ingestionId }));
          const poll: Poll = { url: address.href, answer, etag: null };
          polls.add(poll);
          return () => {
            polls.delete(poll);
          };
        },
        check() {
          if (!asking) void round();
        },
        async request(operation) {
          const [, { data, errors }] = await exchange(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(operation),
          });
          if (Array.isArray(errors)) throw new OperationError(adviceForErrors(errors));
          return data;
        },
        close() {
          over = true;
          for (const request of requests) request.abort();
        },
      };
    },
  };
}
