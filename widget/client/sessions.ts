/**
 * The open sessions of a connection, one of each transport at most, and who watches over them. Opens and closes what it is
 * told to; when, is decided by the machine. What a session says after it was closed is not heard.
 */
import type { MachineEvent } from './machine-state.js';
import type { TokenSource } from './token-source.js';
import {
  OperationError,
  type Answer,
  type Loss,
  type TokenLifetime,
  type Transport,
  type TransportSession,
  type WatchTarget,
} from './transport.js';
import type { ConnectionError } from './types.js';

/** A place on the connection, and its watches on the open sessions. */
export interface Place {
  readonly target: WatchTarget;
  readonly answer: (answer: Answer) => void;
  readonly changed: () => void;
  /** Whether the server is to be asked. */
  active: boolean;
  onSocket: (() => void) | null;
  onPolls: (() => void) | null;
}

/** The sessions of a connection. */
export interface Sessions {
  readonly socket: TransportSession | null;
  readonly polls: TransportSession | null;
  openSocket(forced: boolean): Promise<void>;
  closeSocket(): void;
  /** One round. */
  poll(): Promise<void>;
  closePolls(): void;
  /** Begins or ends the place's watches, as it wants. */
  attach(place: Place): void;
}

/** Options of the sessions. */
export interface SessionsOptions {
  readonly webSocket: Transport;
  readonly polling: Transport;
  readonly tokens: TokenSource;
  readonly places: ReadonlySet<Place>;
  /** What is wrong with the addresses. */
  readonly problem: ConnectionError | null;
  readonly dispatch: (event: MachineEvent) => void;
  readonly acknowledged: (lifetime: TokenLifetime) => void;
  /** A token is there, and with it whose it is; nothing was sent yet. */
  readonly identified: () => void;
}

/** What an unforeseen error means for a connection. */
export const lossOf = (error: unknown): Loss =>
  error instanceof OperationError
    ? error.loss
    : { advice: 'retry', error: { code: 'CONNECTION_LOST', message: String(error) } };

/** Opens nothing yet. */
export function createSessions(options: SessionsOptions): Sessions {
  const { webSocket, polling, tokens, places, problem, dispatch, acknowledged, identified } = options;
  let socket: TransportSession | null = null;
  let socketNumber = 0;
  let polls: TransportSession | null = null;
  let pollToken: string | null = null;
  let pollNumber = 0;

  /** Where there is only one token, a new one cannot be asked for. */
  const possible = (loss: Loss): Loss =>
    loss.advice === 'refresh' && !tokens.renewable ? { ...loss, advice: 'refuse' } : loss;

  async function openSocket(forced: boolean): Promise<void> {
    const mine = ++socketNumber;
    const current = (): boolean => mine === socketNumber;
    const lost = (loss: Loss): void => {
      if (!current()) return;
      closeSocket();
      dispatch({ type: 'lost', ...possible(loss) });
    };
    try {
      if (problem !== null) throw new OperationError({ advice: 'giveUp', error: problem });
      const token = await tokens.get(forced);
      if (!current()) return;
      identified();
      socket = webSocket.open(token, {
        acknowledged: (lifetime) => {
          if (current()) acknowledged(lifetime);
        },
        answered: () => {
          if (current()) dispatch({ type: 'data' });
        },
        alive: () => {
          if (current()) dispatch({ type: 'alive' });
        },
        lost,
      });
      for (const place of places) attach(place);
    } catch (error) {
      lost(lossOf(error));
    }
  }
  function closeSocket(): void {
    socketNumber += 1;
    for (const place of places) place.onSocket = null;
    socket?.close();
    socket = null;
  }

  async function poll(): Promise<void> {
    const mine = ++pollNumber;
    const failed = ({ error, advice }: Loss): void => {
      if (mine !== pollNumber) return;
      dispatch(advice === 'giveUp' ? { type: 'lost', advice, error } : { type: 'pollFailed', error });
    };
    try {
      if (problem !== null) throw new OperationError({ advice: 'giveUp', error: problem });
      const token = await tokens.get(false);
      if (mine !== pollNumber) return;
      identified();
      if (polls === null || pollToken !== token) openPolls(token);
      for (const place of places) attach(place);
      polls?.check();
    } catch (error) {
      failed(lossOf(error));
    }
  }
  function openPolls(token: string | null): void {
    dropPolls();
    const session = polling.open(token, {
      acknowledged,
      answered: () => {
        if (polls === session) dispatch({ type: 'polled' });
      },
      alive: () => undefined,
      lost: ({ error }) => {
        if (polls === session) dispatch({ type: 'pollFailed', error });
      },
    });
    polls = session;
    pollToken = token;
  }
  function dropPolls(): void {
    for (const place of places) place.onPolls = null;
    polls?.close();
    polls = null;
  }
  function closePolls(): void {
    pollNumber += 1;
    dropPolls();
  }

  function attach(place: Place): void {
    const answer = (heard: Answer): void => {
      place.answer(heard.type === 'failed' ? { ...heard, loss: possible(heard.loss) } : heard);
    };
    if (place.active) {
      place.onSocket ??= socket?.watch(place.target, answer) ?? null;
      place.onPolls ??= polls?.watch(place.target, answer) ?? null;
      return;
    }
    place.onSocket?.();
    place.onPolls?.();
    place.onSocket = place.onPolls = null;
  }

  return {
    get socket() {
      return socket;
    },
    get polls() {
      return polls;
    },
    openSocket,
    closeSocket,
    poll,
    closePolls,
    attach,
  };
}
