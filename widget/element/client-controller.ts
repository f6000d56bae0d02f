/**
 * Which client an element follows, from when to when: bound a moment after its settings change, kept while the element
 * moves, given back when it leaves. Draws nothing; tells its owner what happens.
 */
import { NOTHING_KNOWN } from '../client/index.js';
import type {
  ConnectionError,
  IngestionClient,
  IngestionClientEvents,
  NamedEvent,
  Snapshot,
} from '../client/index.js';
import type { ClientLease } from './client-pool.js';

/** Who is told. */
export interface ClientOwner {
  /** The client to follow; null while settings may still come. Throws where the settings cannot be. */
  choose(): ClientLease | null;
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

/** Holds the client of one element. */
export class ClientController {
  readonly #owner: ClientOwner;
  #isConnected = false;
  #isScheduled = false;
  #client: IngestionClient | null = null;
  #release: () => void = () => undefined;
  #snapshot = NOTHING_KNOWN;
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
    try {
      const lease = this.#owner.choose();
      if (lease === null) return;
      if (lease.client === this.#client) lease.release();
      else this.#follow(lease);
    } catch (error) {
      this.#leave();
      this.#take({ ...NOTHING_KNOWN, connection: { state: 'error', error: asConnectionError(error) } });
    }
  }

  #follow({ client, release }: ClientLease): void {
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
      release();
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

  #take(snapshot: Snapshot): void {
    const { connection } = snapshot;
    const previous = this.#snapshot.connection;
    if (connection.state !== previous.state) this.#stateSince = this.monotonicNow();
    this.#snapshot = snapshot;
    this.#owner.changed();
    // told as this element lived it: another client, or one that was there before, makes no difference
    const isSame = connection === previous || JSON.stringify(connection) === JSON.stringify(previous);
    if (!isSame) this.#owner.passOn({ name: 'connection-change', event: { connection, previous } });
  }
}

const asConnectionError = (error: unknown): ConnectionError => ({
  code: 'CONFIGURATION_INVALID',
  message: String(error),
});
