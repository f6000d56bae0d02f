/**
 * Transport over a WebSocket: one graphql-ws client for each session. graphql-ws must not reconnect by itself, since its retry
 * count is reset by each ack, and a close with 1000 would make it reconnect forever. Each step has a timeout
 * (invariant: every-step-has-a-timeout).
 */
import { createClient } from 'graphql-ws/client';
import { WatchProgressDocument } from '../generated/operations.js';
import {
  CONNECTION_LOST,
  failureForClose,
  failureForErrors,
  failureOf,
  timeoutFailure,
} from './retry-policy.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import {
  OperationError,
  type ServerMessage,
  type Failure,
  type Operation,
  type Transport,
} from './transport.js';
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

/** A check pings if the last message is older than this by the wall clock; ms. */
const RECENT_MS = 500;

/** Receives the results of an operation. */
interface OperationSink {
  next(data: unknown): void;
  fail(failure: Failure): void;
  complete(): void;
}

/** Makes the transport for the graphql-transport-ws protocol. */
export function createWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { environment, ackTimeoutMs, firstDataTimeoutMs, pingIntervalMs, pongTimeoutMs } = options;
  return {
    open(token, listener) {
      const { webSocket } = environment;
      if (webSocket === null) {
        throw new OperationError(
          failureOf(
            'fatal',
            'WEBSOCKET_MISSING',
            'No WebSocket. Pass one to createEnvironment({ webSocket }), or use polling.',
          ),
        );
      }
      const timers = createTimers(environment);
      let socket: WebSocket | null = null;
      let isClosed = false;
      let acknowledged = false;
      let hasData = false;
      let lastMessageAt = 0;
      /** Starts the first-data timeouts of the watches that wait for the ack. */
      const awaitingAck = new Set<() => void>();
      const requests = new Set<(failure: Failure) => void>();

      const deadline = (delayMs: number, step: string): void =>
        timers.deadline(deadline, delayMs, () => end(timeoutFailure(step)));
      function end(failure: Failure | null): void {
        if (isClosed) return;
        isClosed = true;
        timers.cancelAll();
        for (const fail of requests) fail(failure ?? CONNECTION_LOST);
        // Before the ack only `terminate` closes at once; `dispose` would wait for the ack.
        if (acknowledged) void client.dispose();
        else client.terminate();
        if (failure !== null) listener.onFailure(failure);
      }

      // If the network is gone, a socket stays open and silent for minutes: ping after a silence.
      // (invariant: client-checks-liveness)
      function onTraffic(): void {
        lastMessageAt = environment.now();
        timers.cancel('pong');
        timers.set('ping', pingIntervalMs, ping);
      }
      function ping(): void {
        if (!acknowledged || timers.has('pong')) return;
        timers.deadline('pong', pongTimeoutMs, () => end(CONNECTION_LOST), sendPing);
        sendPing();
      }
      function sendPing(): void {
        if (socket?.readyState === 1) socket.send('{"type":"ping"}');
      }

      deadline(options.openTimeoutMs, 'connection');
      const client = createClient({
        url: options.url,
        webSocketImpl: new Proxy(webSocket, {
          construct(target, given) {
            try {
              const made = Reflect.construct(target, given) as WebSocket;
              // Chromium reports a socket that the page's policy blocks by this event alone. After it was open, the close event
              // tells more; in Node an unhandled error event would end the process.
              made.addEventListener('error', () => {
                if (socket === null) end(CONNECTION_LOST);
              });
              return made;
            } catch {
              // Other browsers throw. graphql-ws would wait for its close forever.
              queueMicrotask(() => end(CONNECTION_LOST));
              return { close: () => undefined };
            }
          },
        }),
        connectionParams: token === null ? {} : { token },
        lazy: false,
        retryAttempts: 0,
        onNonLazyError: () => undefined,
        on: {
          opened(opened) {
            socket = opened as WebSocket;
            if (!isClosed) deadline(ackTimeoutMs, 'acknowledgement');
          },
          connected(_socket, payload) {
            if (isClosed) return;
            acknowledged = true;
            timers.cancel(deadline);
            for (const startDeadline of awaitingAck) startDeadline();
            listener.onAcknowledged?.(readLifetime(payload));
          },
          message() {
            if (isClosed) return;
            onTraffic();
            if (acknowledged) listener.onAlive?.();
          },
          // Runs before graphql-ws's own close handlers.
          closed: (event) => end(failureForClose((event as CloseEvent).code)),
        },
      });

      /** Runs an operation; returns a function that stops it, after which the sink receives nothing. */
      function run({ query, variables }: Operation, sink: OperationSink): () => void {
        let ended = false;
        const ifActive = <T>(deliver: (value: T) => void) => {
          return (value: T): void => {
            if (!isClosed && !ended) deliver(value);
          };
        };
        const stop = client.subscribe<Record<string, unknown>>(
          { query, variables: { ...variables } },
          {
            next: ifActive(({ data, errors }) => {
              if (errors?.length) sink.fail(failureForErrors(errors));
              else sink.next(data);
            }),
            // Anything else than a list of errors is a close of the socket, which is reported once for all operations.
            error: ifActive((reason: unknown) => {
              if (Array.isArray(reason)) sink.fail(failureForErrors(reason));
            }),
            complete() {
              ifActive(sink.complete)(undefined);
            },
          },
        );
        return () => {
          ended = true;
          stop();
        };
      }

      return {
        watch(target, onMessage) {
          const timedOut = timeoutFailure('first data');
          const startDeadline = (): void => {
            timers.deadline(startDeadline, firstDataTimeoutMs, () => {
              // If other watches get data, only this one is retried.
              if (hasData) onMessage({ type: 'failed', failure: timedOut });
              else end(timedOut);
            });
          };
          const clearDeadline = (): void => {
            timers.cancel(startDeadline);
            awaitingAck.delete(startDeadline);
          };
          const deliver = (message: ServerMessage): void => {
            clearDeadline();
            onMessage(message);
            hasData = true;
            if (!isClosed) listener.onData?.();
          };
          awaitingAck.add(startDeadline);
          if (acknowledged) startDeadline();
          const stop = run(
            { query: WatchProgressDocument, variables: { ...target } },
            {
              next(data) {
                const { progress, timestamp } = Object(Object(data).ingestionProgress) as ProgressPayload;
                const serverTime = typeof timestamp === 'number' ? timestamp : null;
                deliver({ type: 'state', progress, serverTime });
              },
              fail: (failure) => deliver({ type: 'failed', failure }),
              complete: () => deliver({ type: 'complete' }),
            },
          );
          return () => {
            clearDeadline();
            stop();
          };
        },
        check() {
          if (Math.abs(environment.now() - lastMessageAt) >= RECENT_MS) ping();
        },
        request: (operation) =>
          new Promise((resolve, reject) => {
            const finish = (): void => {
              timers.cancel(fail);
              requests.delete(fail);
              stop();
            };
            const fail = (failure: Failure): void => {
              finish();
              reject(new OperationError(failure));
            };
            requests.add(fail);
            timers.deadline(fail, firstDataTimeoutMs, () => fail(timeoutFailure('request')));
            const stop = run(operation, {
              next(data) {
                finish();
                resolve(data);
              },
              fail,
              complete: () => undefined,
            });
          }),
        close: () => end(null),
      };
    },
  };
}

interface ProgressPayload {
  readonly progress?: unknown;
  readonly timestamp?: unknown;
}
