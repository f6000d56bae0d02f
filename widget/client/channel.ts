/**
 * One way to the server, open or not: gets the token, opens a session of its transport, and has the places on the
 * connection watched over it. When to open and to close is decided by the machine.
 */
import { lossIn } from './retry-policy.js';
import type { TokenSource } from './token-source.js';
import type { Answer, SessionListener, Transport, TransportSession, WatchTarget } from './transport.js';

/** Who watches a project over a connection. */
export interface Place {
  readonly target: WatchTarget;
  answer(answer: Answer): void;
  /** The connection's state, scopes or server time are new. */
  changed(): void;
}

/** A way to the server. */
export interface Line {
  readonly session: TransportSession | null;
  /** Opens a session, unless one with the same token is open. Resolves to null where it was closed meanwhile, or lost. */
  open(forced: boolean): Promise<TransportSession | null>;
  close(): void;
  /** Begins or ends a place's watch. */
  attach(place: Place, active: boolean): void;
}

/** Options of a line. */
export interface LineOptions {
  readonly transport: Transport;
  readonly tokens: TokenSource;
  /** Who is on the connection, and whether the server is to be asked for it. */
  readonly places: ReadonlyMap<Place, boolean>;
  /** A token is there, and with it whose it is; nothing was sent yet. */
  readonly identified: () => void;
  readonly listener: SessionListener;
}

/** Opens nothing yet. */
export function createLine({ transport, tokens, places, identified, listener }: LineOptions): Line {
  let session: TransportSession | null = null;
  let token: string | null = null;
  let generation = 0;
  const watches = new Map<Place, () => void>();

  function drop(): void {
    watches.clear();
    session?.close();
    session = null;
  }
  function attach(place: Place, active: boolean): void {
    const stop = watches.get(place);
    if (!active) {
      stop?.();
      watches.delete(place);
    } else if (session !== null && !stop) {
      watches.set(
        place,
        session.watch(place.target, (answer) => {
          place.answer(answer);
        }),
      );
    }
  }

  return {
    get session() {
      return session;
    },
    async open(forced) {
      const mine = (generation += 1);
      try {
        const next = await tokens.get(forced);
        if (mine !== generation) return null;
        identified();
        if (session === null || token !== next) {
          drop();
          token = next;
          session = transport.open(next, listener);
        }
        for (const [place, active] of places) attach(place, active);
        return session;
      } catch (error) {
        if (mine === generation) listener.lost(lossIn(error));
        return null;
      }
    },
    close() {
      generation += 1;
      drop();
    },
    attach,
  };
}
