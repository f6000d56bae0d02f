/**
 * The same by polling: each look is one round of GET requests, one for each watch, with `If-None-Match`. Rounds never
 * overlap. When the next one is due is decided elsewhere.
 */
import { ReadProgressDocument } from '../generated/operations.js';
import { adviceForErrors, tooLate } from './advice.js';
import { setDeadline } from './deadline.js';
import type { Environment } from './environment.js';
import {
  OperationError,
  type Answer,
  type Loss,
  type Operation,
  type Transport,
  type WatchTarget,
} from './transport.js';

/** Options of the transport; ms. */
export interface PollingTransportOptions {
  readonly environment: Environment;
  /** `http:` or `https:`. */
  readonly url: string;
  readonly pollTimeoutMs: number;
}

const READ = ReadProgressDocument.toString().replace(/\s+/g, ' ').trim();
const UNREACHABLE: Loss = {
  advice: 'retry',
  error: { code: 'CONNECTION_LOST', message: 'The server could not be reached by HTTP.' },
};

interface Poll {
  readonly url: string;
  readonly answer: (answer: Answer) => void;
  etag: string | null;
}

/** Sessions over HTTP. */
export function createPollingTransport(options: PollingTransportOptions): Transport {
  const { environment, pollTimeoutMs } = options;

  /** The body, or null for 304. Rejects with `OperationError` where there is no answer of a GraphQL server. */
  async function exchange(url: string, init: RequestInit, stop: AbortSignal): Promise<[Response, unknown]> {
    const request = new AbortController();
    const abort = (): void => {
      request.abort();
    };
    let late = false;
    const cancel = setDeadline(environment, pollTimeoutMs, () => {
      late = true;
      abort();
    });
    stop.addEventListener('abort', abort);
    try {
      const response = await environment.fetch(url, { ...init, signal: request.signal });
      return [response, response.status === 304 ? null : await response.json()];
    } catch (cause) {
      // Refused, aborted, or not JSON (a proxy's page): the reason is told by code, the cause kept for whoever debugs.
      throw Object.assign(new OperationError(late ? tooLate('HTTP') : UNREACHABLE), { cause });
    } finally {
      cancel();
      stop.removeEventListener('abort', abort);
    }
  }

  return {
    open(token, listener) {
      const stop = new AbortController();
      const polls = new Set<Poll>();
      const headers: Record<string, string> = { accept: 'application/json' };
      if (token !== null) headers['authorization'] = `Bearer ${token}`;
      let asking = false;

      /** Whether the server answered. */
      async function ask(poll: Poll): Promise<Loss | null> {
        try {
          const conditional = poll.etag === null ? headers : { ...headers, 'if-none-match': poll.etag };
          const [response, body] = await exchange(poll.url, { headers: conditional }, stop.signal);
          if (!polls.has(poll) || stop.signal.aborted) return null;
          const serverTime = timeOf(response);
          if (response.status === 304) {
            poll.answer({ type: 'unchanged', serverTime });
            return null;
          }
          const { data, errors } = (body ?? {}) as { data?: { progress?: unknown } | null; errors?: unknown };
          if (Array.isArray(errors)) poll.answer({ type: 'failed', loss: adviceForErrors(errors) });
          else if (!data) return UNREACHABLE;
          else {
            poll.etag = response.headers.get('etag');
            poll.answer({ type: 'state', progress: data.progress, serverTime });
          }
          return null;
        } catch (error) {
          return error instanceof OperationError ? error.loss : UNREACHABLE;
        }
      }

      async function round(): Promise<void> {
        asking = true;
        const losses = await Promise.all([...polls].map(ask));
        asking = false;
        if (stop.signal.aborted) return;
        const loss = losses[0];
        if (loss && losses.every((each) => each !== null)) listener.lost(loss);
        else listener.answered();
      }

      return {
        watch(target, answer) {
          const poll: Poll = { url: urlOf(options.url, target), answer, etag: null };
          polls.add(poll);
          return () => {
            polls.delete(poll);
          };
        },
        check() {
          if (!asking) void round();
        },
        async request({ query, variables }: Operation) {
          const init: RequestInit = {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify({ query, variables }),
          };
          const [, body] = await exchange(options.url, init, stop.signal);
          const { data, errors } = (body ?? {}) as { data?: unknown; errors?: unknown };
          if (Array.isArray(errors)) throw new OperationError(adviceForErrors(errors));
          return data;
        },
        close() {
          stop.abort();
        },
      };
    },
  };
}

function urlOf(endpoint: string, { projectId, ingestionId }: WatchTarget): string {
  const url = new URL(endpoint);
  url.searchParams.set('query', READ);
  url.searchParams.set('variables', JSON.stringify({ projectId, ingestionId }));
  return url.href;
}

function timeOf(response: Response): number | null {
  const time = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(time) ? null : time;
}
