/**
 * One watcher of a list: what its transport has not taken yet, which is at most one message. Whoever is behind by more
 * gets the whole page instead, as does one whose access changed.
 */
import type { ListAccess } from '../auth/list-access.js';
import { ProgressError } from '../shared/errors.js';
import type { ListMessage } from './list-view.js';

/** Notified when there is something to take, or it has ended. */
export interface ListWatchReader {
  ready(): void;
}

/** The view that a watch is on. */
export interface ListSource {
  readonly access: ListAccess;
  /** Takes the answers of a host's rule in the place of its earlier ones. */
  adopt(access: ListAccess): Promise<void>;
  snapshot(): ListMessage;
  leave(): void;
}

/** What a watch needs of its feed. */
export interface ListWatchOwner {
  /** It ended. Called once. */
  left(): void;
  /** Puts it on the view of those with this access. */
  move(access: ListAccess): Promise<void>;
}

/** How a watch ended. */
export type ListWatchEnd =
  { readonly kind: 'closed' } | { readonly kind: 'failed'; readonly error: ProgressError };

/** See the file's head. A class, since there may be many: its methods are shared. */
export class ListWatch {
  end: ListWatchEnd | null = null;
  #source: ListSource | null = null;
  #pending: ListMessage | 'snapshot' | null = null;
  #hasBegun = false;

  constructor(
    private readonly reader: ListWatchReader,
    private readonly owner: ListWatchOwner,
  ) {}

  get queued(): number {
    return this.#pending === null ? 0 : 1;
  }

  take(): ListMessage | null {
    const pending = this.#pending;
    this.#pending = null;
    return pending === 'snapshot' ? (this.#source?.snapshot() ?? null) : pending;
  }

  /** Leaves its view for another one. */
  attach(source: ListSource): void {
    this.#detach();
    if (this.end === null) this.#source = source;
    else source.leave();
  }

  /** Begins with the snapshot of a view that is filled, if it is still on that one. */
  begin(source: ListSource): void {
    if (this.#source !== source) return;
    this.#hasBegun = true;
    this.#pending = 'snapshot';
    this.reader.ready();
  }

  /** Queues a message of its view. */
  offer(message: ListMessage): void {
    if (!this.#hasBegun) return;
    // It would not lead on from what the client has.
    this.#pending = this.#pending === null ? message : 'snapshot';
    this.reader.ready();
  }

  /** Takes another access; rejects with `UNAVAILABLE` if a host's rule does not answer. */
  async setAccess(access: ListAccess): Promise<void> {
    const source = this.#source;
    if (source === null || (access.key !== null && access.key === source.access.key)) return;
    if (access.key === null && source.access.key === null) {
      await access.learn(source.access.asked);
      return source.adopt(access);
    }
    this.#detach();
    try {
      await this.owner.move(access);
    } catch (error) {
      this.fail(error instanceof ProgressError ? error : new ProgressError('UNAVAILABLE', String(error)));
    }
  }

  fail(error: ProgressError): void {
    this.#finish({ kind: 'failed', error });
  }

  close(): void {
    this.#finish({ kind: 'closed' });
  }

  #detach(): void {
    this.#source?.leave();
    this.#source = null;
    this.#pending = null;
    this.#hasBegun = false;
  }

  #finish(end: ListWatchEnd): void {
    if (this.end !== null) return;
    this.end = end;
    this.#detach();
    this.owner.left();
    this.reader.ready();
  }
}
