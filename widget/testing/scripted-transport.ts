/**
 * A transport that plays a script instead of using the network, for tests and stories. The state machine and the client above it
 * are the real ones.
 */
import type { Environment } from '../client/environment.js';
import { failureForClose, failureForCode } from '../client/retry-policy.js';
import {
  OperationError,
  type ServerMessage,
  type Operation,
  type SessionListener,
  type TokenLifetime,
  type Transport,
  type WatchTarget,
} from '../client/transport.js';

/** One event of a session, `atMs` after the session was opened. */
export type ScriptedStep = { readonly atMs: number } & (
  | { readonly acknowledge: Partial<TokenLifetime> }
  /** A state for all watches, or for those of one project. It is validated like a server's. */
  | { readonly progress: unknown; readonly projectId?: string }
  /** An error with this code for all watches, or for those of one project. */
  | { readonly reject: string; readonly projectId?: string }
  | { readonly complete: true }
  /** A pong. */
  | { readonly alive: true }
  /** A poll failed to reach the server; the session continues. */
  | { readonly unreachable: true }
  | { readonly close: number }
);

/** The script of each session, in the order in which they are opened; further sessions repeat the last. */
export type Scenario = readonly (readonly ScriptedStep[])[];

/** A session, for assertions. */
export interface ScriptedSession {
  readonly token: string | null;
  readonly targets: readonly WatchTarget[];
  readonly open: boolean;
  readonly checks: number;
  /** Plays a step now. */
  play(step: ScriptedStep extends infer S ? Omit<Extract<S, object>, 'atMs'> : never): void;
}

/** The transport, with its sessions and requests for assertions. */
export interface ScriptedTransport extends Transport {
  readonly sessions: readonly ScriptedSession[];
  readonly requests: readonly Operation[];
  /** Responds to queries and mutations; without it they are rejected with `UNAVAILABLE`. */
  onRequest: ((operation: Operation) => unknown) | null;
}

interface Watcher {
  readonly target: WatchTarget;
  readonly onMessage: (message: ServerMessage) => void;
}

/** Options of a scripted transport. */
export interface ScriptedTransportOptions {
  readonly environment: Environment;
  /** Without it, only `play` makes things happen. */
  readonly scenario?: Scenario;
}

/** Makes a scripted transport. */
export function createScriptedTransport(options: ScriptedTransportOptions): ScriptedTransport {
  const { environment, scenario = [] } = options;
  const sessions: ScriptedSession[] = [];
  const requests: Operation[] = [];

  const transport: ScriptedTransport = {
    sessions,
    requests,
    onRequest: null,
    open(token, listener) {
      const watchers = new Set<Watcher>();
      const timers = new Set<() => void>();
      let open = true;
      let checks = 0;
      function end(): void {
        open = false;
        for (const cancel of timers) cancel();
      }
      const session: ScriptedSession = {
        token,
        get targets() {
          return [...watchers].map(({ target }) => target);
        },
        get open() {
          return open;
        },
        get checks() {
          return checks;
        },
        play(step) {
          if (open) play(step as ScriptedStep, listener, watchers, end);
        },
      };
      const steps = scenario[Math.min(sessions.length, scenario.length - 1)] ?? [];
      for (const step of steps) timers.add(environment.setTimer(step.atMs, () => session.play(step)));
      sessions.push(session);
      return {
        watch(target, onMessage) {
          const watcher = { target, onMessage };
          watchers.add(watcher);
          return () => {
            watchers.delete(watcher);
          };
        },
        check() {
          checks += 1;
        },
        async request(operation) {
          requests.push(operation);
          if (transport.onRequest !== null) return transport.onRequest(operation);
          throw new OperationError(
            failureForCode('UNAVAILABLE', 'No response is scripted for this operation.'),
          );
        },
        close: end,
      };
    },
  };
  return transport;
}

function play(step: ScriptedStep, listener: SessionListener, watchers: Set<Watcher>, end: () => void): void {
  if ('acknowledge' in step) {
    listener.onAcknowledged?.({ expiresAt: null, serverTime: null, scopes: null, ...step.acknowledge });
  } else if ('alive' in step) listener.onAlive?.();
  else if ('unreachable' in step) listener.onFailure(failureForClose(1006));
  else if ('close' in step) {
    end();
    listener.onFailure(failureForClose(step.close));
  } else {
    const projectId = 'projectId' in step ? step.projectId : undefined;
    const message = messageFor(step);
    for (const watcher of [...watchers]) {
      if (projectId === undefined || projectId === watcher.target.projectId) watcher.onMessage(message);
    }
    listener.onData?.();
  }
}

function messageFor(step: ScriptedStep): ServerMessage {
  if ('reject' in step)
    return { type: 'failed', failure: failureForCode(step.reject, `Rejected: ${step.reject}.`) };
  if ('complete' in step) return { type: 'complete' };
  return { type: 'state', progress: 'progress' in step ? step.progress : null, serverTime: null };
}
