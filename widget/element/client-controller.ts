/**
 * Which client an element follows, from when to when: bound a moment after its settings change, kept while the element
 * moves, given back when it leaves. Draws nothing; tells its owner what happens.
 */
import { NOTHING_KNOWN } from '../client/index.js';
import type {
  Connection,
  ConnectionError,
  IngestionClient,
  IngestionClientEvents,
  IngestionClientOptions,
  NamedEvent,
  Snapshot,
} from '../client/index.js';
import type { ClientPool } from './client-pool.js';

/** What to follow: a host's own client, or options for one out of a pool; or why neither will do. */
export type ClientChoice =
  | { readonly kind: 'own'; readonly client: IngestionClient }
  | { readonly kind: 'pooled'; readonly pool: ClientPool; readonly options: IngestionClientOptions }
  | { readonly kind: 'impossible'; readonly error: ConnectionError }
  /** Settings may still come: a provider above is not there yet. */
  | { readonly kind: 'later' };

/** Who is told. */
export interface ClientOwner {
  choose(): ClientChoice;
  changed(): void;
  passOn(event: NamedEvent): void;
}

const EVENT_NAMES = [
  'phase-started',
  'progress',
  'complete',
  'error',
  'cancelled',
  'warning',
] as const satisfies readonly (keyof IngestionClientEvents)[];

const IDLE: Connection = { state: 'idle' };

/** Nothing known, in one state of the connection. */
export const emptySnapshot = (connection: Connection): Snapshot => ({ ...NOTHING_KNOWN, connection });

/** Holds the client of one element. */
export class ClientController {
  readonly #owner: ClientOwner;
  #isConnected = false;
  #isScheduled = false;
  #client: IngestionClient | null = null;
  #release: () => void = () => undefined;
  #snapshot: Snapshot = emptySnapshot(IDLE);
  #stateSince = 0;

  constructor(owner: ClientOwner) {
    this.#owner = owner;
  }

  get client(): IngestionClient | null {
    return this.#client;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  monotonicNow(): number {
    return this.#client?.monotonicNow() ?? performance.now();
  }

  /** How long the connection has been in its state, in ms. */
  get inStateMs(): number {
    return this.monotonicNow() - this.#stateSince;
  }

  connected(): void {
    this.#isConnected = true;
    this.reconsider();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.reconsider();
  }

  /** Settings changed, or the element came or went. Several changes in a row are one, and a move is none. */
  reconsider(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#bind();
    });
  }

  #bind(): void {
    if (!this.#isConnected) {
      this.#leave();
      return;
    }
    const choice = this.#owner.choose();
    if (choice.kind === 'later') return;
    if (choice.kind === 'impossible') {
      this.#fail(choice.error);
      return;
    }
    if (choice.kind === 'own') {
      if (choice.client !== this.#client) this.#follow(choice.client, () => undefined);
      return;
    }
    try {
      const lease = choice.pool.acquire(choice.options);
      if (lease.client === this.#client) lease.release();
      else this.#follow(lease.client, lease.release);
    } catch (error) {
      this.#fail(asConnectionError(error));
    }
  }

  #follow(client: IngestionClient, giveBack: () => void): void {
    this.#leave();
    const stops = [
      client.subscribe(() => {
        this.#take(client.getSnapshot());
      }),
      ...EVENT_NAMES.map((name) =>
        client.on(name, (event) => {
          if (this.#client === client) this.#owner.passOn({ name, event } as NamedEvent);
        }),
      ),
    ];
    this.#client = client;
    this.#release = () => {
      for (const stop of stops) stop();
      giveBack();
    };
    this.#stateSince = client.monotonicNow();
    this.#take(client.getSnapshot());
  }

  #leave(): void {
    const release = this.#release;
    this.#release = () => undefined;
    this.#client = null;
    release();
  }

  #fail(error: ConnectionError): void {
    const previous = this.#snapshot.connection;
    if (previous.state === 'error' && previous.error.code === error.code) return;
    this.#leave();
    this.#take(emptySnapshot({ state: 'error', error }));
  }

  #take(snapshot: Snapshot): void {
    const { connection } = snapshot;
    const previous = this.#snapshot.connection;
    if (connection.state !== previous.state) this.#stateSince = this.monotonicNow();
    this.#snapshot = snapshot;
    this.#owner.changed();
    // told as this element lived it: another client, or one that was there before, makes no difference
    const isSame = connection === previous || (connection.state === 'idle' && previous.state === 'idle');
    if (!isSame) this.#owner.passOn({ name: 'connection-change', event: { connection, previous } });
  }
}

function asConnectionError(error: unknown): ConnectionError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'CONFIGURATION_INVALID';
  return { code, message: error instanceof Error ? error.message : String(error) };
}
