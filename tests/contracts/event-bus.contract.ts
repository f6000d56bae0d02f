/** What every event bus must do: run against each adapter by the test files beside this one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BusMessage, EventBus, RowBatch } from '../../server/bus/event-bus.js';
import { rowOf } from '../../server/list/row.js';
import type { IngestionChange } from '../../server/progress/record.js';
import { changeOf, commandOf, recordOf } from '../support/records.js';
import { createInbox, type Inbox } from '../support/inbox.js';

/** One bus under test, open. */
export interface BusUnderTest {
  readonly bus: EventBus;
  /** The bus of another server, where several may meet; else the same. */
  readonly other: EventBus;
  /** False if it cannot tell whether anybody listens to rows. @default true */
  readonly countsListeners?: boolean;
  dispose(): Promise<void>;
}

/** A listener, and what it heard. */
export async function listenTo(bus: EventBus, projectId: string) {
  const inbox: Inbox<BusMessage> = createInbox<BusMessage>(`messages of ${projectId}`);
  const unsubscribe = await bus.subscribe(projectId, (message) => inbox.put(message));
  return { inbox, unsubscribe };
}

/** A change at a revision. */
export const changeAt = (revision: number, projectId = 'p', percent: number | null = null): IngestionChange =>
  changeOf(recordOf({ projectId, revision, progressPercent: percent }));

/** The revisions that were heard. */
const revisionsOf = (messages: readonly BusMessage[]) =>
  messages.map((message) => (message.kind === 'change' ? message.change.event.revision : message.kind));

/** Runs the contract against what `open` makes. */
export function describeEventBus(name: string, open: () => Promise<BusUnderTest>): void {
  describe(`${name} as an event bus`, () => {
    let under: BusUnderTest;
    let bus: EventBus;
    let other: EventBus;

    beforeEach(async () => {
      under = await open();
      ({ bus, other } = under);
    });
    afterEach(() => under.dispose());

    it('is connected once it is open, and answers a ping', async () => {
      expect(bus.state).toBe('connected');
      await bus.ping();
    });

    describe('telling', () => {
      it('tells every listener of a project what was committed, on every server, and nobody else', async () => {
        const here = await listenTo(bus, 'p');
        const there = await listenTo(other, 'p');
        const elsewhere = await listenTo(bus, 'q');
        const change = changeAt(5);
        expect(await bus.commit(change, 0)).toEqual({ committed: true });
        expect(await here.inbox.next()).toEqual({ kind: 'change', change });
        expect(await there.inbox.next()).toEqual({ kind: 'change', change });
        await bus.commit(changeAt(6, 'q'), 0);
        expect(revisionsOf([await elsewhere.inbox.next()])).toEqual([6]);
        expect(here.inbox.all).toHaveLength(1);
      });

      // (invariant: subscribe-before-read)
      it('misses nothing that is committed after the subscription resolved', async () => {
        const { inbox } = await listenTo(other, 'p');
        for (let revision = 1; revision <= 50; revision += 1)
          await bus.commit(changeAt(revision), revision - 1);
        const heard = [];
        while (heard.length < 50) heard.push(await inbox.next());
        expect(revisionsOf(heard)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      });

      it('carries an event that says more than its state, field by field', async () => {
        const record = recordOf({ revision: 3, status: 'COMPLETED' }, { lastSequence: 4, weighted: true });
        const result = {
          outcome: 'SUCCESS' as const,
          itemsProcessed: 1,
          itemsFailed: null,
          bytesProcessed: null,
          links: [],
          durationMs: 2,
          summary: 'Ünïcödé "quoted" \\u2028',
          output: { $a: [null] },
        };
        const change = changeOf(record);
        const told = {
          record,
          event: { ...change.event, payload: { type: 'ingestion_complete' as const, result } },
        };
        const { inbox } = await listenTo(other, 'p');
        await bus.commit(told, 0);
        expect(await inbox.next()).toEqual({ kind: 'change', change: told });
      });

      it('carries rows to those who listen to their shard, on every server, and says whether anybody does', async () => {
        const inbox = createInbox<RowBatch>('rows');
        const elsewhere = createInbox<RowBatch>('rows of another shard');
        const unsubscribe = await other.subscribeRows(3, (rows) => inbox.put(rows));
        await other.subscribeRows(4, (rows) => elsewhere.put(rows));
        const batch = {
          from: 's',
          rows: [rowOf(recordOf({ title: 'Ünï "x"', labels: [{ name: 'a', value: 'b' }] }))],
        };
        expect(await bus.publishRows(3, batch)).toBe(true);
        expect(await inbox.next()).toEqual(batch);
        unsubscribe();
        unsubscribe();
        if (under.countsListeners !== false)
          await expect.poll(() => bus.publishRows(3, batch), { timeout: 5_000 }).toBe(false);
        expect(elsewhere.all).toHaveLength(0);
      });

      it('tells those who listen no more nothing, and does no harm when they stop twice', async () => {
        const first = await listenTo(bus, 'p');
        const second = await listenTo(bus, 'p');
        first.unsubscribe();
        first.unsubscribe();
        await bus.commit(changeAt(1), 0);
        await second.inbox.next();
        second.unsubscribe();
        const third = await listenTo(bus, 'p');
        await bus.commit(changeAt(2), 1);
        expect(revisionsOf([await third.inbox.next()])).toEqual([2]);
        expect(first.inbox.all).toHaveLength(0);
        expect(second.inbox.all).toHaveLength(1);
      });

      it('listens again where the last listener went and the next came at once', async () => {
        for (let round = 1; round <= 20; round += 1) {
          const { inbox, unsubscribe } = await listenTo(bus, 'p');
          await other.commit(changeAt(round), round - 1);
          expect(revisionsOf([await inbox.next()])).toEqual([round]);
          unsubscribe();
        }
      });

      it('carries commands to every server', async () => {
        const command = commandOf();
        const here = await listenTo(bus, 'p');
        const there = await listenTo(other, 'p');
        await bus.publishCommand(command);
        expect(await here.inbox.next()).toEqual({ kind: 'command', command });
        expect(await there.inbox.next()).toEqual({ kind: 'command', command });
      });
    });

    // (invariant: compare-and-set)
    describe('committing', () => {
      it('holds the latest state for whoever reads', async () => {
        expect(await bus.read('p')).toBeNull();
        const change = changeAt(5);
        await bus.commit(change, 0);
        expect(await other.read('p')).toEqual(change.record);
      });

      it('refuses what was folded from an older state, and gives the newer', async () => {
        const stored = changeAt(5);
        await bus.commit(stored, 0);
        const outcome = await other.commit(changeAt(6), 4);
        expect(outcome).toEqual({ committed: false, reason: 'stale', current: stored.record });
        expect(await other.commit(changeAt(6), 5)).toEqual({ committed: true });
      });

      it('tells nobody of what it refused', async () => {
        const { inbox } = await listenTo(bus, 'p');
        await bus.commit(changeAt(5), 0);
        await bus.commit(changeAt(6), 4);
        await bus.commit(changeAt(7), 5);
        expect(revisionsOf([await inbox.next(), await inbox.next()])).toEqual([5, 7]);
      });

      it('lets one of many win who fold from the same state', async () => {
        const revision = 1_800_000_000_000;
        await bus.commit(changeAt(revision), 0);
        const racing = Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? bus : other).commit(changeAt(revision + 1 + index), revision),
        );
        const outcomes = await Promise.all(racing);
        expect(outcomes.filter((outcome) => outcome.committed)).toHaveLength(1);
      });
    });

    // (invariant: store-first-ending)
    describe('an ending', () => {
      const TTL_MS = 35_000;

      it('closes the project to every other report until it is published', async () => {
        const { inbox } = await listenTo(other, 'p');
        await bus.commit(changeAt(5), 0);
        await inbox.next();
        const ending = changeOf(recordOf({ revision: 6, status: 'COMPLETED' }));
        expect(await bus.closeForEnding('p', ending, 5, TTL_MS)).toEqual({ committed: true });
        const late = await other.commit(changeAt(7), 5);
        expect(late).toMatchObject({ committed: false, reason: 'closing' });
        const untilMs = late.committed === false && late.reason === 'closing' ? late.untilMs : 0;
        expect(untilMs - Date.now()).toBeGreaterThan(TTL_MS - 5_000);
        expect(untilMs - Date.now()).toBeLessThanOrEqual(TTL_MS + 1_000);
        expect((await other.read('p'))?.progress.revision).toBe(5);

        await bus.publishStored(ending);
        expect(await inbox.next()).toEqual({ kind: 'change', change: ending });
        expect(await other.commit(changeAt(7), 5)).toMatchObject({ reason: 'stale', current: ending.record });
      });

      it('is refused where a newer state stands there, or another ending is under way', async () => {
        await bus.commit(changeAt(5), 0);
        const stale = await other.closeForEnding('p', changeAt(7), 4, TTL_MS);
        expect(stale).toMatchObject({ committed: false, reason: 'stale' });
        expect(await bus.closeForEnding('p', changeAt(6), 5, TTL_MS)).toEqual({ committed: true });
        const second = await other.closeForEnding('p', changeAt(7), 5, TTL_MS);
        expect(second).toMatchObject({ committed: false, reason: 'closing' });
      });

      it('may be closed for again by whoever closed', async () => {
        await bus.commit(changeAt(5), 0);
        await bus.closeForEnding('p', changeAt(6), 5, TTL_MS);
        expect(await bus.closeForEnding('p', changeAt(6), 5, TTL_MS)).toEqual({ committed: true });
      });

      it('opens the project again where it is given up, and only by its own revision', async () => {
        await bus.commit(changeAt(5), 0);
        await bus.closeForEnding('p', changeAt(6), 5, TTL_MS);
        await bus.reopen('p', 4);
        expect(await other.commit(changeAt(7), 5)).toMatchObject({ reason: 'closing' });
        await bus.reopen('p', 6);
        expect(await other.commit(changeAt(7), 5)).toEqual({ committed: true });
      });

      it('holds the project closed no longer than it was asked to', async () => {
        await bus.closeForEnding('p', changeAt(6), 0, 1);
        await expect.poll(() => other.commit(changeAt(7), 0)).toEqual({ committed: true });
      });

      it('closes a project of which the bus holds no state', async () => {
        expect(await bus.closeForEnding('p', changeAt(6), 5, TTL_MS)).toEqual({ committed: true });
        expect(await other.read('p')).toBeNull();
        expect(await other.commit(changeAt(7), 5)).toMatchObject({ reason: 'closing' });
      });
    });

    describe('publishing what is stored', () => {
      it('sets the state where it is newer, and tells', async () => {
        const { inbox } = await listenTo(other, 'p');
        const change = changeAt(5);
        await bus.publishStored(change);
        expect(await inbox.next()).toEqual({ kind: 'change', change });
        expect(await other.read('p')).toEqual(change.record);
      });

      it('leaves a newer state alone', async () => {
        const newer = changeAt(9);
        await bus.commit(newer, 0);
        await bus.publishStored(changeAt(5));
        expect(await bus.read('p')).toEqual(newer.record);
      });
    });
  });
}
