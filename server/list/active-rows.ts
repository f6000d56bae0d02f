/**
 * The rows of all that is active, one a project, in the order of lists. Takes rows in any order and from anywhere: one
 * that is not newer than what was known of its project changes nothing. (invariant: never-back)
 */
import type { IngestionRow } from '@ingestion-progress/schema';
import { compareNewestFirst, listStatusOf } from '../progress/list-place.js';
import { createBoundedMap } from '../shared/bounded-map.js';
import { rowBytes } from './row.js';

/** What a row changed. */
export type RowOutcome =
  /** Not newer than what is known, or there is no room for it. */
  | { readonly kind: 'ignored' }
  /** The same ingestion is active as before. */
  | { readonly kind: 'changed' }
  /** It is active now; `replaced` was until now, and its end is not known. */
  | { readonly kind: 'entered'; readonly replaced: IngestionRow | null }
  /** It is not active, whether it was or not. */
  | { readonly kind: 'over'; readonly replaced: IngestionRow | null };

/** Bytes of rows. */
const MAX_BYTES = 67_108_864;
/** Projects whose last revision is remembered after their ingestion is over: a late row must not bring it back. */
const MAX_OVER = 20_000;

const IGNORED: RowOutcome = Object.freeze({ kind: 'ignored' });
const CHANGED: RowOutcome = Object.freeze({ kind: 'changed' });

/** See the file's head. */
export class ActiveRows {
  /** False once there was no room for a row. */
  isComplete = true;
  #bytes = 0;
  readonly #rows = new Map<string, IngestionRow>();
  readonly #over = createBoundedMap<number>({ maxEntries: MAX_OVER });
  #sorted: readonly IngestionRow[] | null = null;

  constructor(private readonly maxBytes = MAX_BYTES) {}

  get size(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The active ingestion of a project. */
  get(projectId: string): IngestionRow | null {
    return this.#rows.get(projectId) ?? null;
  }

  /** All, the newest start first. */
  sorted(): readonly IngestionRow[] {
    this.#sorted ??= [...this.#rows.values()].sort(compareNewestFirst);
    return this.#sorted;
  }

  apply(row: IngestionRow): RowOutcome {
    const { projectId, revision } = row;
    const known = this.get(projectId);
    if (revision <= (known?.revision ?? this.#over.get(projectId) ?? 0)) return IGNORED;
    const replaced = known === null || known.id === row.id ? null : known;
    if (listStatusOf(row) !== 'ACTIVE') {
      this.delete(projectId);
      this.#over.set(projectId, revision);
      return { kind: 'over', replaced };
    }
    const bytes = rowBytes(row) - (known === null ? 0 : rowBytes(known));
    if (known === null && this.#bytes + bytes > this.maxBytes) {
      this.isComplete = false;
      return IGNORED;
    }
    this.#bytes += bytes;
    this.#rows.set(projectId, row);
    this.#sorted = null;
    return known?.id === row.id ? CHANGED : { kind: 'entered', replaced };
  }

  /** Forgets what is active of a project. */
  delete(projectId: string): void {
    const known = this.get(projectId);
    if (known === null) return;
    this.#bytes -= rowBytes(known);
    this.#rows.delete(projectId);
    this.#sorted = null;
  }

  clear(): void {
    this.#rows.clear();
    this.#over.clear();
    this.#sorted = null;
    this.#bytes = 0;
    this.isComplete = true;
  }
}
