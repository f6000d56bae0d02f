/**
 * A server inside the page: replaces `WebSocket` and `fetch`, speaks graphql-transport-ws and responds to polls, so that the
 * element's real client runs and all sockets can be counted.
 */
import type { Progress } from '@ingestion-progress/widget/client';

/** The server under the control of a test. */
export interface PageServer {
  /** Sockets that are open or opening now, and their total number so far. */
  readonly openCount: number;
  readonly totalCount: number;
  /** Tokens that arrived, in order. */
  readonly tokens: readonly unknown[];
  /** Operations by name that arrived over sockets, in order. */
  readonly operations: readonly string[];
  /** Sets the state of a project and sends it to its watchers. */
  set(projectId: string, progress: Progress): void;
  /** Holds back the ack of new connections until the returned function is called. */
  hold(): () => void;
  /** Closes all sockets, as a crash does. */
  drop(): void;
  /** Resets states, counts and held acks; open sockets stay. */
  reset(): void;
  restore(): void;
}

type Variables = Readonly<Record<string, unknown>>;
interface ClientMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly token?: unknown; readonly query?: string; readonly variables?: Variables };
}

export interface PageServerOptions {
  readonly scopes?: readonly string[];
}

/** Installs the server, once for a page, since the client reads `WebSocket` on first use. */
export function startPageServer({ scopes = ['progress:read'] }: PageServerOptions = {}): PageServer {
  const real = { WebSocket: window.WebSocket, fetch: window.fetch };
  const states = new Map<string, Progress>();
  const sockets = new Set<PageSocket>();
  const tokens: unknown[] = [];
  const operations: string[] = [];
  let totalCount = 0;
  let held: Promise<void> = Promise.resolve();
  let letGo = (): void => undefined;

  class PageSocket extends EventTarget {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly protocol = 'graphql-transport-ws';
    readonly url: string;
    readyState = 0;
    readonly watched = new Map<string, string>();
    onopen: ((event: Event) => void) | null = null;
    onclose: ((event: CloseEvent) => void) | null = null;
    onerror: ((event: Event) => void) | null = null;
    onmessage: ((event: MessageEvent) => void) | null = null;

    constructor(url: string | URL) {
      super();
      this.url = String(url);
      sockets.add(this);
      totalCount += 1;
      queueMicrotask(() => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.#emit(new Event('open'));
      });
    }

    send(text: string): void {
      const message = JSON.parse(text) as ClientMessage;
      if (message.type === 'connection_init') {
        tokens.push(message.payload?.token);
        const payload = { serverTime: Date.now(), expiresAt: Date.now() + 3_600_000, scopes };
        void held.then(() => {
          this.push({ type: 'connection_ack', payload });
        });
      } else if (message.type === 'ping') this.push({ type: 'pong' });
      else if (message.type === 'complete') this.watched.delete(message.id ?? '');
      else if (message.type === 'subscribe') this.#operate(message);
    }

    #operate({ id = '', payload }: ClientMessage): void {
      const name = /(?:subscription|query|mutation)\s+(\w+)/.exec(payload?.query ?? '')?.[1] ?? '';
      operations.push(name);
      const projectId = String(payload?.variables?.['projectId']);
      if (name !== 'WatchProgress') return;
      this.watched.set(id, projectId);
      queueMicrotask(() => {
        this.sendProgress(id, states.get(projectId) ?? null);
      });
    }

    sendProgress(id: string, progress: Progress | null): void {
      const event = {
        __typename: 'ProgressSnapshot',
        revision: progress?.revision ?? 0,
        timestamp: Date.now(),
        progress,
      };
      if (this.watched.has(id)) {
        this.push({ id, type: 'next', payload: { data: { ingestionProgress: event } } });
      }
    }

    push(message: unknown): void {
      if (this.readyState !== 1) return;
      queueMicrotask(() => {
        if (this.readyState === 1) this.#emit(new MessageEvent('message', { data: JSON.stringify(message) }));
      });
    }

    close(code = 1000, reason = ''): void {
      if (this.readyState >= 2) return;
      this.readyState = 3;
      sockets.delete(this);
      queueMicrotask(() => {
        this.#emit(new CloseEvent('close', { code, reason, wasClean: true }));
      });
    }

    #emit(event: Event): void {
      this.dispatchEvent(event);
      const handler = this[`on${event.type}` as 'onopen'];
      handler?.(event);
    }
  }

  window.WebSocket = PageSocket as unknown as typeof WebSocket;
  window.fetch = () => Promise.reject(new TypeError('The page server answers over sockets only.'));

  return {
    get openCount() {
      return sockets.size;
    },
    get totalCount() {
      return totalCount;
    },
    tokens,
    operations,
    set: (projectId, progress) => {
      states.set(projectId, progress);
      for (const socket of sockets) {
        for (const [id, watched] of socket.watched)
          if (watched === projectId) socket.sendProgress(id, progress);
      }
    },
    hold: () => {
      held = new Promise((resolve) => {
        letGo = resolve;
      });
      return letGo;
    },
    drop: () => {
      for (const socket of [...sockets]) socket.close(1006);
    },
    reset: () => {
      letGo();
      states.clear();
      tokens.length = 0;
      operations.length = 0;
      totalCount = 0;
    },
    restore: () => {
      window.WebSocket = real.WebSocket;
      window.fetch = real.fetch;
    },
  };
}
