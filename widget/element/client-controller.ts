/**
 * Binds an element to a client: once its settings have changed, across moves in the DOM, until it is disconnected. Notifies its
 * owner; renders nothing.
 */
import { EMPTY_SNAPSHOT, createIngestionClient, keyOf, outsideZones } from '../client/index.js';
import type {
  ConnectionError,
  IngestionClient,
  IngestionClientEvents,
  IngestionClientOptions,
  NamedEvent,
  Snapshot,
} from '../client/index.js';

/** The element that owns the controller. */
export interface ClientOwner {
  /** The client to follow, or the options of one of the element's own; null while there is nothing to follow yet. */
  resolveClient(): IngestionClient | IngestionClientOptions | null;
  onChange(): void;
  dispatch(event: NamedEvent): void;
}

const EVENT_NAMES = [
  'phase-started',
  'progress',
  'complete',
  'error',
  'cancelled',
  'warning',
] as const satisfies readonly (keyof IngestionClientEvents)[];

/** Binds one element to its client. */
export class ClientController {
  readonly #owner: ClientOwner;
  #isConnected = false;
  #isScheduled = false;
  #client: IngestionClient | null = null;
  /** What the client came from: itself, or the key of its options. */
  #source: IngestionClient | string | null = null;
  #stopListening: () => void = () => undefined;
  /** Disposes the last client, if it is the element's own. */
  #dispose: () => void = () => undefined;
  #snapshot = EMPTY_SNAPSHOT;
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

  /** Time since the connection entered its state, in ms. */
  get stateDurationMs(): number {
    return this.monotonicNow() - this.#stateSince;
  }

  hostConnected(): void {
    this.#isConnected = true;
    this.scheduleBind();
  }

  hostDisconnected(): void {
    this.#isConnected = false;
    this.scheduleBind();
  }

  /** Binds in a microtask, so that several changes bind once, and moving the element changes nothing. */
  scheduleBind(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    outsideZones(() => {
      queueMicrotask(() => {
        this.#isScheduled = false;
        this.#bind();
      });
    });
  }

  #bind(): void {
    if (!this.#isConnected) {
      this.#unbind();
      return;
    }
    try {
      const given = this.#owner.resolveClient();
      if (given === null) {
        this.#unbind();
        this.#setSnapshot(EMPTY_SNAPSHOT);
        return;
      }
      const isClient = 'subscribe' in given;
      const source = isClient ? given : keyOf(given);
      if (source === this.#source) return;
      this.#follow(isClient ? given : createIngestionClient(given), !isClient);
      this.#source = source;
    } catch (error) {
      this.#unbind();
      this.#setSnapshot({
        ...EMPTY_SNAPSHOT,
        connection: { state: 'error', error: asConnectionError(error) },
      });
    }
  }

  #follow(client: IngestionClient, isOwn: boolean): void {
    const disposeLast = this.#dispose;
    this.#unbind();
    const stops = [
      client.subscribe(() => {
        this.#setSnapshot(client.getSnapshot());
      }),
      ...EVENT_NAMES.map((name) =>
        client.on(name, (event) => {
          if (this.#client === client) this.#owner.dispatch({ name, event } as NamedEvent);
        }),
      ),
    ];
    this.#client = client;
    this.#stopListening = () => {
      for (const stop of stops) stop();
    };
    this.#dispose = () => {
      if (isOwn) client.dispose();
    };
    disposeLast(); // only now, so that the new client takes over an open socket
    this.#stateSince = client.monotonicNow();
    this.#setSnapshot(client.getSnapshot());
  }

  /** Without listeners a client stays subscribed for a moment, so that an element that comes back reuses the socket. */
  #unbind(): void {
    this.#client = this.#source = null;
    this.#stopListening();
  }

  #setSnapshot(snapshot: Snapshot): void {
    const { connection } = snapshot;
    const previous = this.#snapshot.connection;
    if (connection.state !== previous.state) this.#stateSince = this.monotonicNow();
    this.#snapshot = snapshot;
    this.#owner.onChange();
    // relative to the last snapshot of this element, even if that came from another client
    const isSame = connection === previous || JSON.stringify(connection) === JSON.stringify(previous);
    if (!isSame) this.#owner.dispatch({ name: 'connection-change', event: { connection, previous } });
  }
}

const asConnectionError = (error: unknown): ConnectionError => ({
  code: 'CONFIGURATION_INVALID',
  message: String(error),
});
