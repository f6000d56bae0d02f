/**
 * Live over a WebSocket: one graphql-ws client for each session, which is never let to connect again by itself (its own
 * counting starts anew with each ack, and a close with 1000 makes it reconnect without end). Each step has a deadline.
 * (invariant: every-step-has-a-timeout)
 */
import { createClient } from 'graphql-ws/client';
import { WatchProgressDocument } from '../generated/operations.js';
import { LOST, adviceForClose, adviceForErrors, lossOf, tooLate } from './advice.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
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

/** After this long without a word, by the wall clock, a check pings; ms. */
const JUST_NOW_MS = 500;

/** What comes of an operation. */
interface Sink {
  next(data: unknown): void;
  failed(loss: Loss): void;
  complete(): void;
}

/** Sessions over graphql-transport-ws. */
export function createWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { environment, ackTimeoutMs, firstDataTimeoutMs, pingIntervalMs, pongTimeoutMs } = options;
  return {
    open(token, listener) {
      const { webSocket } = environment;
      if (webSocket === null) {
        throw new OperationError(
          lossOf(
            'giveUp',
            'WEBSOCKET_MISSING',
            'There is no WebSocket here: bring one with createEnvironment({ webSocket }), or use polling.',
          ),
        );
      }
      const timers = createTimers(environment);
      let socket: WebSocket | null = null;
      let over = false;
      let acknowledged = false;
      let answered = false;
      let heardAt = 0;
      /** Starts the deadline of each watch that waits for the ack. */
      const unasked = new Set<() => void>();
      const requests = new Set<(loss: Loss) => void>();

      const deadline = (delayMs: number, step: string): void =>
        timers.deadline(deadline, delayMs, () => end(tooLate(step)));
      function end(loss: Loss | null): void {
        if (over) return;
        over = true;
        timers.endAll();
        for (const refuse of requests) refuse(loss ?? LOST);
        // Before the ack only `terminate` closes at once; `dispose` would wait for it.
        if (acknowledged) void client.dispose();
        else client.terminate();
        if (loss !== null) listener.lost(loss);
      }

      // A socket whose network went away stays open and silent for minutes: after a silence the client pings.
      // (invariant: client-checks-liveness)
      function heard(): void {
        heardAt = environment.now();
        timers.end('pong');
        timers.set('ping', pingIntervalMs, ping);
      }
      function ping(): void {
        if (!acknowledged || timers.has('pong')) return;
        timers.deadline('pong', pongTimeoutMs, () => end(LOST), send);
        send();
      }
      function send(): void {
        if (socket?.readyState === 1) socket.send('{"type":"ping"}');
      }

      deadline(options.openTimeoutMs, 'connection');
      const client = createClient({
        url: options.url,
        webSocketImpl: class extends webSocket {
          constructor(url: string | URL, protocols?: string | string[]) {
            super(url, protocols);
            // What goes wrong is told by the close; in Node an error that nobody listens to would end the process.
            this.addEventListener('error', () => undefined);
          }
        },
        connectionParams: token === null ? {} : { token },
        lazy: false,
        retryAttempts: 0,
        onNonLazyError: () => undefined,
        on: {
          opened(opened) {
            socket = opened as WebSocket;
            if (!over) deadline(ackTimeoutMs, 'acknowledgement');
          },
          connected(_socket, payload) {
            if (over) return;
            acknowledged = true;
            timers.end(deadline);
            for (const start of unasked) start();
            listener.acknowledged?.(readLifetime(payload));
          },
          message() {
            if (over) return;
            heard();
            if (acknowledged) listener.alive?.();
          },
          // First in line: nothing of this client may act on its own close.
          closed: (event) => end(adviceForClose((event as CloseEvent).code)),
        },
      });

      /** Runs an operation; returns its end, after which nothing is told of it. */
      function run({ query, variables }: Operation, sink: Sink): () => void {
        let ended = false;
        const unless = <T>(tell: (value: T) => void) => {
          return (value: T): void => {
            if (!over && !ended) tell(value);
          };
        };
        const stop = client.subscribe<Record<string, unknown>>(
          { query, variables: { ...variables } },
          {
            next: unless(({ data, errors }) => {
              if (errors?.length) sink.failed(adviceForErrors(errors));
              else sink.next(data);
            }),
            // Anything but a list of errors is the end of the socket, which is told once, for all.
            error: unless((reason: unknown) => {
              if (Array.isArray(reason)) sink.failed(adviceForErrors(reason));
            }),
            complete() {
              unless(sink.complete)(undefined);
            },
          },
        );
        return () => {
          ended = true;
          stop();
        };
      }

      return {
        watch(target, answer) {
          const late = tooLate('first data');
          const start = (): void => {
            timers.deadline(start, firstDataTimeoutMs, () => {
              // One that is left out among others that are served asks again by itself.
              if (answered) answer({ type: 'failed', loss: late });
              else end(late);
            });
          };
          const first = (): void => {
            timers.end(start);
            unasked.delete(start);
          };
          const hear = (heard: Answer): void => {
            first();
            answer(heard);
            answered = true;
            if (!over) listener.answered?.();
          };
          unasked.add(start);
          if (acknowledged) start();
          const stop = run(
            { query: WatchProgressDocument, variables: { ...target } },
            {
              next(data) {
                const { progress, timestamp } = Object(Object(data).ingestionProgress) as Fields;
                const serverTime = typeof timestamp === 'number' ? timestamp : null;
                hear({ type: 'state', progress, serverTime });
              },
              failed: (loss) => hear({ type: 'failed', loss }),
              complete: () => hear({ type: 'complete' }),
            },
          );
          return () => {
            first();
            stop();
          };
        },
        check() {
          if (Math.abs(environment.now() - heardAt) >= JUST_NOW_MS) ping();
        },
        request: (operation) =>
          new Promise((resolve, reject) => {
            const settle = (): void => {
              timers.end(refuse);
              requests.delete(refuse);
              stop();
            };
            const refuse = (loss: Loss): void => {
              settle();
              reject(new OperationError(loss));
            };
            requests.add(refuse);
            timers.deadline(refuse, firstDataTimeoutMs, () => refuse(tooLate('request')));
            const stop = run(operation, {
              next(data) {
                settle();
                resolve(data);
              },
              failed: refuse,
              complete: () => undefined,
            });
          }),
        close: () => end(null),
      };
    },
  };
}

interface Fields {
  readonly progress?: unknown;
  readonly timestamp?: unknown;
}
