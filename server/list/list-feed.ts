/**
 * All live lists of a server: one set of active rows and one view for all who may see the same, both only while somebody
 * watches. What is committed here is told by `send`, what others commit comes by the exchange, and what was lost is found
 * by the store's index. A view sends at most one message a second, but for endings.
 */
import type { IngestionRow } from '@ingestion-progress/schema';
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import { EVERY_PROJECT, type ListAccess } from '../auth/list-access.js';
import type { Logger } from '../observability/logger.js';
import { listStatusOf } from '../progress/list-place.js';
import type { IngestionRecord } from '../progress/record.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { ProgressStore } from '../store/progress-store.js';
import { ActiveRows } from './active-rows.js';
import { parseFilter } from './list-filter.js';
import type { ListReader } from './list-reader.js';
import { ListView, MAX_OVER_ROWS, type ListRequest } from './list-view.js';
import { ListWatch, type ListSource, type ListWatchReader } from './list-watch.js';
import type { RowExchange } from './row-exchange.js';
import { rowOf } from './row.js';

/** Options of the feed. */
export interface ListFeedOptions {
  readonly bus: Pick<EventBus, 'state' | 'onStateChange'>;
  readonly store: Pick<ProgressStore, 'exclusive' | 'listOpen' | 'readMany' | 'readIngestion'>;
  readonly reader: ListReader;
  readonly exchange: RowExchange;
  readonly clock: Clock;
  readonly logger: Logger;
  /** False if other servers may commit without this bus hearing of it. */
  readonly busReachesAllPeers: () => boolean;
  /** Bytes of rows of all views. @default 67_108_864 */
  readonly maxViewBytes?: number;
}

/** See the file's head. */
export interface ListFeed {
  /** Begins to watch; resolves with the snapshot queued. Rejects with `UNAVAILABLE` or `RATE_LIMITED`. */
  watch(request: ListRequest, reader: ListWatchReader): Promise<ListWatch>;
  /** This process committed a state. */
  send(record: IngestionRecord): void;
  readonly watchers: number;
  readonly views: number;
  /** Active rows held. */
  readonly rows: number;
  /** Ends every watch as closed. */
  close(): void;
}

/** Least time between two messages of a view that carry no ending, in milliseconds. */
const TICK_MS = 1_000;
/** Time in which what happens together becomes one message, in milliseconds. */
const GATHER_MS = 50;
/** Least time between two messages with endings, in milliseconds. */
const ENDINGS_MS = 100;
/** How often the index is read while the bus reaches every server, and while it does not, in milliseconds. */
const HEAL_MS = 5_000;
const HEAL_ALONE_MS = 2_000;
/** The same if no other server has the store open: nothing gets lost on the way. */
const HEAL_EXCLUSIVE_MS = 30_000;
/** Entries of the index in one read, and states. */
const INDEX_PAGE = 500;
const STATES_PAGE = 50;
/** Views whose ended rows are read again at a time. */
const VIEWS_HEALED = 10;
/** Bytes of rows of all views. */
const MAX_VIEW_BYTES = 67_108_864;
/** Milliseconds that the rows are kept up to date after the last list closed: whoever reloads a page is back at once. */
const LINGER_MS = 30_000;
/** Milliseconds of work on views before others get their turn. */
const SLICE_MS = 5;
/** How much longer the next message waits than this one took: however many lists there are, they leave time for others. */
const REST_FACTOR = 5;

const ALL_ACTIVE = parseFilter({ status: ['ACTIVE'] });
/** Later than anything that is due, in milliseconds since the Unix epoch. */
const END_OF_TIME = 8_640_000_000_000_000;

interface OpenView {
  readonly key: string;
  readonly view: ListView;
  readonly watches: Set<ListWatch>;
  /** Resolves once it was filled. */
  readonly filled: Promise<void>;
  bytes: number;
}

/** Creates a feed; it holds timers while a list is watched. */
export function createListFeed(options: ListFeedOptions): ListFeed {
  const { bus, store, reader, exchange, clock, logger, busReachesAllPeers } = options;
  const maxViewBytes = options.maxViewBytes ?? MAX_VIEW_BYTES;
  const active = new ActiveRows();
  /** By what was asked for and what may be seen. */
  const views = new Map<string, OpenView>();
  let privateViews = 0;
  let viewBytes = 0;
  let watchers = 0;
  /** Counts the times that lists began to be watched: what an earlier one waits for is void. */
  let generation = 0;
  let opening: Promise<void> | null = null;
  let unlisten: Unsubscribe = () => undefined;
  let isClosed = false;

  /** Projects of which something became active, or is not any more, since the last message. */
  let moved = new Set<string>();
  /** Projects whose row changed since the last tick. */
  let changed = new Set<string>();
  /** Those of them whose change must not wait. */
  let urgent = new Set<string>();
  /** Projects that a host's rule may have to be asked about. */
  let unasked = new Set<string>();
  /** True if there may be something to send. */
  let isDue = false;
  let timer: CancelTimer | null = null;
  let timerAt = Number.POSITIVE_INFINITY;
  /** When the next tick may be, and the next endings in between. */
  let tickFrom = Number.NEGATIVE_INFINITY;
  let endingsFrom = Number.NEGATIVE_INFINITY;
  let isFlushing = false;
  let healTimer: CancelTimer | null = null;
  let cancelEnd: CancelTimer | null = null;
  let isHealing = false;

  function schedule(): void {
    isDue = true;
    if (watchers === 0 || isFlushing) return;
    const now = clock.monotonicNow();
    const endingsAt = urgent.size > 0 ? Math.max(now, endingsFrom) : Number.POSITIVE_INFINITY;
    const dueAt = Math.min(endingsAt, Math.max(now + GATHER_MS, tickFrom));
    if (dueAt >= timerAt) return;
    timer?.();
    timerAt = dueAt;
    timer = clock.setTimer(Math.max(0, dueAt - now), () => void flush());
  }

  /** Brings every view up to date: all of it once a tick, in between only what must not wait. */
  async function flush(): Promise<void> {
    timer = null;
    timerAt = Number.POSITIVE_INFINITY;
    const now = clock.monotonicNow();
    const isTick = now >= tickFrom;
    const current = { moved, changed: isTick ? new Set([...changed, ...urgent]) : urgent };
    for (const projectId of urgent) changed.delete(projectId);
    moved = new Set();
    urgent = new Set();
    if (isTick) changed = new Set();
    isFlushing = true;
    isDue = changed.size > 0;
    if (unasked.size > 0) void ask([...unasked]);
    unasked = new Set();
    let sliceBegan = now;
    for (const open of views.values()) {
      advance(open, current);
      if (clock.monotonicNow() - sliceBegan < SLICE_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceBegan = clock.monotonicNow();
    }
    isFlushing = false;
    const restMs = REST_FACTOR * (clock.monotonicNow() - now);
    if (isTick) tickFrom = now + Math.max(TICK_MS, restMs);
    endingsFrom = now + Math.max(ENDINGS_MS, restMs);
    if (isDue) schedule();
  }

  function advance(
    open: OpenView,
    current: { readonly moved: ReadonlySet<string>; readonly changed: ReadonlySet<string> },
  ): void {
    if (views.get(open.key) !== open) return;
    const message = open.view.advance(current.moved, current.changed, clock.now());
    if (message !== null) for (const watch of [...open.watches]) watch.offer(message);
  }

  /** Takes a row, wherever it comes from. */
  function take(row: IngestionRow): void {
    const outcome = active.apply(row);
    if (outcome.kind === 'ignored') return;
    const { projectId } = row;
    // Nobody watches for the moment.
    if (views.size === 0) return;
    changed.add(projectId);
    if (outcome.kind === 'changed') return schedule();
    moved.add(projectId);
    if (outcome.kind === 'over') putOver(row);
    else for (const { view } of views.values()) view.deleteOver(row);
    if (outcome.replaced !== null) void readReplaced(outcome.replaced);
    unasked.add(projectId);
    schedule();
  }

  function putOver(row: IngestionRow): void {
    for (const { view } of views.values()) {
      view.deleteOver(row);
      view.putOver(row);
    }
    urgent.add(row.projectId);
  }

  /** An ingestion that another one of its project took the place of, so that its end was not told. */
  async function readReplaced({ projectId, id }: IngestionRow): Promise<void> {
    const began = generation;
    try {
      const record = await store.readIngestion(projectId, id);
      if (began !== generation || record === null || listStatusOf(record.progress) === 'ACTIVE') return;
      putOver(rowOf(record));
      schedule();
    } catch (cause) {
      logger.debug({ projectId, ingestionId: id, cause }, 'replaced ingestion not read; lists show it later');
    }
  }

  /** Lets the views whose rule is a host's ask about projects. */
  async function ask(projectIds: readonly string[]): Promise<void> {
    for (const open of [...views.values()]) {
      const { access } = open.view;
      if (access.key !== null || views.get(open.key) !== open) continue;
      try {
        if (await access.learn(projectIds)) await fill(open);
      } catch (cause) {
        logger.debug({ projects: projectIds.length, cause }, 'access to rows not known; asked again later');
      }
    }
  }

  const rowsOf = async ({ request, access }: ListView, status: 'FAILED' | 'ENDED') => {
    const filter = { ...request.filter, statuses: [status] };
    const { records } = await reader.page(filter, access, MAX_OVER_ROWS, null);
    return records.map(rowOf);
  };

  /** Reads what is over of a view. */
  async function fill(open: OpenView): Promise<void> {
    const { view } = open;
    await view.readOver((status) => rowsOf(view, status));
    if (views.get(open.key) === open) {
      viewBytes += view.bytes - open.bytes;
      open.bytes = view.bytes;
    }
    schedule();
  }

  /** Reads what is active, once for all who wait for it. */
  function begin(): Promise<void> {
    opening ??= (async () => {
      generation += 1;
      const began = generation;
      const attached = await exchange.listen(take);
      if (began !== generation) return attached();
      unlisten = attached;
      let after = null;
      do {
        const page = await reader.page(ALL_ACTIVE, EVERY_PROJECT, STATES_PAGE, after);
        if (began !== generation) return;
        for (const record of page.records) take(rowOf(record));
        after = page.next;
      } while (after !== null);
      armHeal();
    })().catch((error: unknown) => {
      end();
      throw error;
    });
    return opening;
  }

  /** Nobody has watched for a while. */
  function end(): void {
    generation += 1;
    cancelEnd?.();
    cancelEnd = null;
    opening = null;
    unlisten();
    unlisten = () => undefined;
    timer?.();
    timer = null;
    timerAt = Number.POSITIVE_INFINITY;
    healTimer?.();
    healTimer = null;
    active.clear();
    views.clear();
    viewBytes = 0;
    isDue = false;
    unasked = new Set();
    moved = new Set();
    changed = new Set();
    urgent = new Set();
  }

  function armHeal(): void {
    healTimer?.();
    healTimer = null;
    if (opening === null || isClosed) return;
    const shared = bus.state === 'connected' && busReachesAllPeers() ? HEAL_MS : HEAL_ALONE_MS;
    healTimer = clock.setTimer(store.exclusive ? HEAL_EXCLUSIVE_MS : shared, () => void heal());
  }

  /** Compares with the index, and reads the states of what differs. */
  async function heal(): Promise<void> {
    if (isHealing || opening === null) return;
    isHealing = true;
    const began = generation;
    try {
      await healActive(began);
      for (const open of [...views.values()].slice(0, VIEWS_HEALED)) {
        if (began !== generation || views.get(open.key) !== open) continue;
        // Behind the others, which come next.
        views.delete(open.key);
        views.set(open.key, open);
        const { access } = open.view;
        if (access.key === null) await access.learn(active.sorted().map(({ projectId }) => projectId));
        await fill(open);
      }
    } catch (cause) {
      logger.warn({ error: String(cause), rows: active.size }, 'reading the index of lists failed');
    }
    isHealing = false;
    armHeal();
  }

  async function healActive(began: number): Promise<void> {
    const missing = new Map(active.sorted().map((row) => [row.projectId, row]));
    const stale: string[] = [];
    let after: string | null = null;
    do {
      const page = await store.listOpen({ list: 'overdue', before: END_OF_TIME, after }, INDEX_PAGE);
      for (const { projectId, ingestionId, updatedAt, status } of page.items) {
        if (status !== 'RUNNING') continue;
        const row = active.get(projectId);
        if (row === null && !active.isComplete) continue;
        if (row === null || (row.id === ingestionId ? row.updatedAt < updatedAt : row.startedAt <= updatedAt))
          stale.push(projectId);
        if (row?.id === ingestionId) missing.delete(projectId);
      }
      after = page.next;
    } while (after !== null && began === generation);
    const wanted = [...new Set([...stale, ...missing.keys()])];
    for (let from = 0; from < wanted.length && began === generation; from += STATES_PAGE) {
      const some = wanted.slice(from, from + STATES_PAGE);
      const records = await store.readMany(some);
      if (began !== generation) return;
      for (const projectId of some) {
        const record = records.get(projectId);
        const row = missing.get(projectId);
        // An ending prevails, also over updates that were never stored. (invariant: ending-is-final)
        const isOver = record === undefined || listStatusOf(record.progress) !== 'ACTIVE';
        const isOwn = record === undefined || record.progress.id === row?.id;
        if (row !== undefined && row === active.get(projectId) && isOver && isOwn) forget(projectId, record);
        else if (record !== undefined) take(rowOf(record));
      }
    }
  }

  /** What was active of a project is over, or gone. */
  function forget(projectId: string, record: IngestionRecord | undefined): void {
    active.delete(projectId);
    moved.add(projectId);
    if (record !== undefined) putOver(rowOf(record));
    schedule();
  }

  function viewOf(request: ListRequest): OpenView {
    const { filter, first, access } = request;
    const owner = access.key ?? `private ${(privateViews += 1)}`;
    const key = JSON.stringify([owner, first, filter.key]);
    const known = views.get(key);
    if (known !== undefined) return known;
    if (viewBytes > maxViewBytes)
      throw new ProgressError('RATE_LIMITED', 'Too many different lists are watched; retry later.');
    const view = new ListView({ filter, first }, access, active);
    const filled = Promise.resolve().then(async () => {
      await access.learn(active.sorted().map(({ projectId }) => projectId));
      await fill(open);
      view.advance(new Set(), new Set(), clock.now());
    });
    const open: OpenView = { key, view, watches: new Set(), filled, bytes: 0 };
    views.set(key, open);
    return open;
  }

  /** Puts a watch on the view of a request. */
  async function join(watch: ListWatch, request: ListRequest): Promise<void> {
    const began = generation;
    const open = viewOf(request);
    open.watches.add(watch);
    const source: ListSource & { access: ListAccess } = {
      access: request.access,
      adopt: async (access) => {
        const isSame = source.access.asked.every((id) => source.access.has(id) === access.has(id));
        open.view.access = access;
        source.access = access;
        open.view.invalidate();
        schedule();
        if (!isSame) await fill(open);
      },
      snapshot: () => open.view.snapshot(clock.now()),
      leave: () => {
        open.watches.delete(watch);
        if (open.watches.size > 0 || views.get(open.key) !== open) return;
        views.delete(open.key);
        viewBytes -= open.bytes;
      },
    };
    watch.attach(source);
    await open.filled;
    if (began === generation) watch.begin(source);
  }

  const stopListening = bus.onStateChange((state) => {
    if (state === 'connected') void heal();
    else armHeal();
  });

  return {
    watch: async (request, watchReader) => {
      if (isClosed) throw new ProgressError('UNAVAILABLE', 'Server shutting down; retry.');
      watchers += 1;
      cancelEnd?.();
      cancelEnd = null;
      const watch: ListWatch = new ListWatch(watchReader, {
        left: () => {
          watchers -= 1;
          if (watchers === 0 && !isClosed) cancelEnd ??= clock.setTimer(LINGER_MS, end);
        },
        move: (access) => join(watch, { ...request, access }),
      });
      try {
        await begin();
        if (watch.end === null) await join(watch, request);
      } catch (error) {
        watch.close();
        throw error;
      }
      return watch;
    },
    send: (record) => {
      exchange.send(record);
      if (opening !== null) take(rowOf(record));
    },
    get watchers() {
      return watchers;
    },
    get views() {
      return views.size;
    },
    get rows() {
      return active.size;
    },
    close: () => {
      isClosed = true;
      stopListening();
      exchange.close();
      for (const { watches } of [...views.values()]) for (const watch of [...watches]) watch.close();
      end();
    },
  };
}
