/**
 * Live over a WebSocket: one graphql-ws client for each session, which is never let to connect again by itself (its own
 * counting starts anew with each ack, and a close with 1000 makes it reconnect without end). Each step has a deadline.
 */
import { createClient } from 'graphql-ws/client';
import { WatchProgressDocument } from '../generated/operations.js';
import { adviceForClose, adviceForErrors, tooLate } from './advice.js';
import { setDeadline } from './deadline.js';
import type { Environment } from './environment.js';
import { createLiveness, type Liveness } from './liveness.js';
import { OperationError, type Answer, type Loss, type Operation, type Transport } from './transport.js';
import { readLifetime } from './wire.js';

/** Options of the transport; ms. */
export interface WebSocketTransportOptions {
  readonly environment: Environment;
  /** `ws:` or `wss:`. */
  readonly url: string;
  readonly openTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly firstDataTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
}

const WATCH = WatchProgressDocument.toString();
const NO_WEBSOCKET: Loss = {
  advice: 'giveUp',
  error: {
    code: 'WEBSOCKET_MISSING',
    message: 'There is no WebSocket here; bring one with createEnvironment({ webSocket }), or use polling.',
  },
};
const PING = JSON.stringify({ type: 'ping' });

/** Sessions over graphql-transport-ws. */
export function createWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { environment } = options;
  return {
    open(token, listener) {
      const { webSocket } = environment;
      if (webSocket === null) throw new OperationError(NO_WEBSOCKET);
      let over = false;
      let acknowledged = false;
      let answered = false;
      /** Of each watch that waits for its first answer: what starts its deadline, and what ends it. */
      const unanswered = new Map<() => void, () => void>();
      const requests = new Set<(loss: Loss) => void>();
      let liveness: Liveness | null = null;
      let cancelDeadline = deadline(options.openTimeoutMs, 'connection');

      function deadline(delayMs: number, step: string): () => void {
        return setDeadline(environment, delayMs, () => {
          end(tooLate(step));
        });
      }
      function next(delayMs: number, step: string): void {
        cancelDeadline();
        cancelDeadline = deadline(delayMs, step);
      }
      function end(loss: Loss | null): void {
        if (over) return;
        over = true;
        cancelDeadline();
        liveness?.stop();
        for (const stop of unanswered.values()) stop();
        for (const refuse of requests) refuse(loss ?? adviceForClose(1000));
        // Before the ack only `terminate` closes at once; `dispose` would wait for it.
        if (acknowledged) void client.dispose();
        else client.terminate();
        if (loss !== null) listener.lost(loss);
      }

      const client = createClient({
        url: options.url,
        webSocketImpl: class extends webSocket {
          constructor(url: string | URL, protocols?: string | string[]) {
            super(url, protocols);
            // What goes wrong is told by the close; in Node an error that nobody listens to would end the process.
            this.addEventListener('error', () => undefined);
          }
        },
        ...(token === null ? {} : { connectionParams: { token } }),
        lazy: false,
        retryAttempts: 0,
        onNonLazyError: () => undefined,
        on: {
          opened(socket) {
            if (over) return;
            next(options.ackTimeoutMs, 'acknowledgement');
            const pingable = socket as WebSocket;
            liveness = createLiveness({
              environment,
              pingIntervalMs: options.pingIntervalMs,
              pongTimeoutMs: options.pongTimeoutMs,
              ping: () => {
                if (acknowledged && pingable.readyState === 1) pingable.send(PING);
              },
              onDead: () => {
                end({
                  advice: 'retry',
                  error: { code: 'CONNECTION_LOST', message: 'The server stopped answering.' },
                });
              },
            });
          },
          connected(_socket, payload) {
            if (over) return;
            acknowledged = true;
            cancelDeadline();
            for (const start of unanswered.keys()) start();
            listener.acknowledged(readLifetime(payload));
          },
          message() {
            if (over) return;
            liveness?.heard();
            if (acknowledged) listener.alive();
          },
          closed(event) {
            // First in line: nothing of this client may act on its own close.
            end(adviceForClose((event as CloseEvent).code));
          },
        },
      });

      function run(
        operation: Operation,
        sink: (answer: Answer | { type: 'next'; data: unknown }) => void,
      ): () => void {
        return client.subscribe<Record<string, unknown>>(
          { query: operation.query, variables: { ...operation.variables } },
          {
            next(result) {
              if (over) return;
              if (result.errors && result.errors.length > 0)
                sink({ type: 'failed', loss: adviceForErrors(result.errors) });
              else sink({ type: 'next', data: result.data });
            },
            error(reason) {
              // Anything but a list of errors is the end of the socket, which is told once, for all.
              if (!over && Array.isArray(reason)) sink({ type: 'failed', loss: adviceForErrors(reason) });
            },
            complete() {
              if (!over) sink({ type: 'complete' });
            },
          },
        );
      }

      return {
        watch(target, answer) {
          let ended = false;
          let cancel = (): void => undefined;
          const start = (): void => {
            cancel = setDeadline(environment, options.firstDataTimeoutMs, () => {
              const loss = tooLate('first data');
              // One that is left out among others that are served asks again by itself.
              if (answered) answer({ type: 'failed', loss });
              else end(loss);
            });
          };
          const first = (): void => {
            cancel();
            unanswered.delete(start);
          };
          unanswered.set(start, first);
          if (acknowledged) start();
          const unsubscribe = run({ query: WATCH, variables: { ...target } }, (event) => {
            if (ended) return;
            first();
            answer(event.type === 'next' ? readEvent(event.data) : event);
            answered = true;
            if (!over) listener.answered();
          });
          return () => {
            if (ended) return;
            ended = true;
            first();
            unsubscribe();
          };
        },
        check: () => liveness?.check(),
        request: (operation) =>
          new Promise((resolve, reject) => {
            const settle = (act: () => void): void => {
              cancel();
              requests.delete(refuse);
              act();
            };
            const refuse = (loss: Loss): void => {
              settle(() => {
                reject(new OperationError(loss));
              });
            };
            const cancel = setDeadline(environment, options.firstDataTimeoutMs, () => {
              refuse(tooLate('request'));
              unsubscribe();
            });
            requests.add(refuse);
            const unsubscribe = run(operation, (event) => {
              if (event.type === 'failed') refuse(event.loss);
              else if (event.type === 'next') {
                settle(() => {
                  resolve(event.data);
                });
              }
            });
          }),
        close: () => {
          end(null);
        },
      };
    },
  };
}

function readEvent(data: unknown): Answer {
  const event = (data as { ingestionProgress?: { progress?: unknown; timestamp?: unknown } } | null)
    ?.ingestionProgress;
  return {
    type: 'state',
    progress: event?.progress,
    serverTime: typeof event?.timestamp === 'number' ? event.timestamp : null,
  };
}
