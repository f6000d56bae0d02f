/**
 * One transport in use by a connection: gets the token, opens a session, and watches the subscribers' projects over it. The
 * state machine decides when to open and close it.
 */
import { toFailure } from './retry-policy.js';
import type { TokenSource } from './token-source.js';
import type {
  ServerMessage,
  SessionListener,
  Transport,
  TransportSession,
  WatchTarget,
} from './transport.js';

/** Watches one project over a connection. */
export interface Subscriber {
  readonly target: WatchTarget;
  receive(message: ServerMessage): void;
  /** The connection's state, scopes or server time changed. */
  onChange(): void;
}

/** A transport with at most one open session. */
export interface Channel {
  readonly session: TransportSession | null;
  /** Opens a session, unless one with the same token is open. Resolves to null if it was closed meanwhile, or failed. */
  open(force: boolean): Promise<TransportSession | null>;
  close(): void;
  /** Starts or stops watching for a subscriber. */
  attach(subscriber: Subscriber, active: boolean): void;
}

/** Options of a channel. */
export interface ChannelOptions {
  readonly transport: Transport;
  readonly tokens: TokenSource;
  /** The connection's subscribers, and whether each is to be watched now. */
  readonly subscribers: ReadonlyMap<Subscriber, boolean>;
  /** A token arrived, and with it the user's identity; nothing has been sent yet. */
  readonly onToken: () => void;
  readonly listener: SessionListener;
}

/** Makes a closed channel. */
export function createChannel({
  transport,
  tokens,
  subscribers,
  onToken,
  listener,
}: ChannelOptions): Channel {
  let session: TransportSession | null = null;
  let token: string | null = null;
  let generation = 0;
  const watches = new Map<Subscriber, () => void>();

  function closeSession(): void {
    watches.clear();
    session?.close();
    session = null;
  }
  function attach(subscriber: Subscriber, active: boolean): void {
    const stop = watches.get(subscriber);
    if (!active) {
      stop?.();
      watches.delete(subscriber);
    } else if (session !== null && !stop) {
      watches.set(
        subscriber,
        session.watch(subscriber.target, (message) => {
          subscriber.receive(message);
        }),
      );
    }
  }

  return {
    get session() {
      return session;
    },
    async open(force) {
      const current = (generation += 1);
      try {
        const next = await tokens.getToken({ force });
        if (current !== generation) return null;
        onToken();
        if (session === null || token !== next) {
          closeSession();
          token = next;
          session = transport.open(next, listener);
        }
        for (const [subscriber, active] of subscribers) attach(subscriber, active);
        return session;
      } catch (error) {
        if (current === generation) listener.onFailure(toFailure(error));
        return null;
      }
    },
    close() {
      generation += 1;
      closeSession();
    },
    attach,
  };
}
