/**
 * Two servers over one store and one bus, a reporter that repeats what was not answered, watchers on both, and a
 * schedule of faults, all by one manual clock. Afterwards everybody must show the same, and no ending may be undone.
 */
import { isEnded, type IngestionProgress } from '@ingestion-progress/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BusMessage } from '../../../server/bus/event-bus.js';
import type { Report } from '../../../server/progress/report.js';
import type { ProgressStore } from '../../../server/store/progress-store.js';
import { createManualClock, settle, type ManualClock } from '../../support/manual-clock.js';
import { createFaultyStore } from './faulty-store.js';
import { startHarness, type Harness } from './harness.js';
import { createSharedBus, type BusEnd } from './shared-bus.js';

type Fault =
  | { readonly kind: 'store away' | 'answers lost' | 'both cables'; readonly ms: number }
  | { readonly kind: 'cable' | 'kill'; readonly server: 0 | 1; readonly ms: number }
  | { readonly kind: 'calm'; readonly ms: number };

const forAWhile = fc.integer({ min: 50, max: 12_000 });
const which = fc.constantFrom<0 | 1>(0, 1);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('store away' as const, 'answers lost' as const, 'both cables' as const),
    ms: forAWhile,
  }),
  fc.record({ kind: fc.constantFrom('cable' as const, 'kill' as const), server: which, ms: forAWhile }),
  fc.record({ kind: fc.constant('calm' as const), ms: forAWhile }),
);

/** A server that can be killed: from then on nothing that it does arrives anywhere, and nothing is answered. */
interface Server {
  readonly harness: Harness;
  readonly bus: BusEnd;
  kill(): void;
}

const never = () => new Promise<never>(() => undefined);

/** Passes calls on until it is cut. */
function cuttable<T extends object>(target: T): { readonly proxy: T; cut(): void } {
  let isCut = false;
  const proxy = new Proxy(target, {
    get: (from, name) => {
      const value: unknown = Reflect.get(from, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        isCut && name !== 'onStateChange' ? never() : (value.apply(from, args) as unknown);
    },
  });
  return { proxy, cut: () => (isCut = true) };
}

async function startServer(clock: ManualClock, store: ProgressStore, end: () => BusEnd): Promise<Server> {
  const bus = end();
  const storeCable = cuttable(store);
  const busCable = cuttable(bus);
  const starting = startHarness({ clock, store: storeCable.proxy, bus: busCable.proxy });
  let harness: Harness | null = null;
  starting.then(
    (started) => (harness = started),
    () => undefined,
  );
  for (let step = 0; step < 20 && harness === null; step += 1) await settle();
  return {
    harness: await starting,
    bus,
    kill: () => {
      storeCable.cut();
      busCable.cut();
      bus.pull();
    },
  };
}

/** Watches as the hub does: hears the bus, reads again now and then, and drops what is not newer. */
function watch(clock: ManualClock, server: () => Server) {
  const seen: IngestionProgress[] = [];
  const take = (progress: IngestionProgress | null | undefined) => {
    if (progress && progress.revision > (seen.at(-1)?.revision ?? 0)) seen.push(progress);
  };
  const hear = (message: BusMessage) => message.kind === 'change' && take(message.change.record.progress);
  const attach = async () => void (await server().bus.subscribe('p', hear));
  let stopped = false;
  const again = () => {
    if (stopped) return;
    server()
      .harness.service.read('p')
      .then((record) => take(record?.progress))
      .catch(() => undefined);
    clock.setTimer(2_000, again);
  };
  again();
  return { seen, attach, stop: () => (stopped = true) };
}

/** Two ingestions of a project, one after the other, by one reporter. */
const INGESTIONS = ['first', 'second'];

function scriptOf(ingestionId: string): Report[] {
  const address = { projectId: 'p', ingestionId };
  const phases = [1, 2, 3, 4].flatMap((phase): Report[] => [
    { type: 'phase_started', report: { ...address, phase, message: `m${phase}` } },
    ...[40, 80].map((progressPercent): Report => ({
      type: 'progress_update',
      report: { ...address, phase, progressPercent },
    })),
  ]);
  return [...phases, { type: 'ingestion_complete', report: { ...address, result: {} } }];
}

/** Says the script, each report until it is answered, now to one server and now to the other. */
async function report(
  clock: ManualClock,
  servers: Server[],
  say: (ended: IngestionProgress) => void,
): Promise<void> {
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(ms, resolve));
  let turn = 0;
  const answered = async <T>(ask: (server: Server) => Promise<T>): Promise<T> => {
    for (let attempt = turn; ; attempt += 1) {
      turn = attempt + 1;
      const server = servers[attempt % 2];
      if (server === undefined) throw new Error('unreachable');
      const late = pause(40_000).then(() => null);
      const answer = await Promise.race([
        ask(server).then(
          (value) => ({ value }),
          (error: { code?: string }) => {
            if (error.code !== 'UNAVAILABLE') throw error;
            return null;
          },
        ),
        late,
      ]);
      if (answer !== null) return answer.value;
      await pause(300);
    }
  };
  for (const ingestionId of INGESTIONS) {
    const address = { projectId: 'p', ingestionId };
    await answered((server) => server.harness.service.start(address, 'elsewhere'));
    for (const [index, each] of scriptOf(ingestionId).entries()) {
      const numbered = { ...each, report: { ...each.report, sequence: index + 1 } } as Report;
      const { progress } = await answered((server) => server.harness.service.report(numbered));
      if (each.type === 'ingestion_complete') say(progress);
      await pause(700);
    }
  }
}

async function play(faults: readonly Fault[]): Promise<void> {
  const clock = createManualClock();
  const store = createFaultyStore();
  const end = createSharedBus(clock);
  const servers = [await startServer(clock, store, end), await startServer(clock, store, end)];
  await clock.advance(10_000);
  const at = (index: number) => () => servers[index] as Server;
  const watchers = [watch(clock, at(0)), watch(clock, at(1))];
  for (const watcher of watchers) await watcher.attach();
  let ending: IngestionProgress | null = null;
  let failure: unknown = null;
  report(clock, servers, (progress) => (ending = progress)).catch((error: unknown) => (failure = error));

  for (const each of faults) {
    if (each.kind === 'store away') store.away = true;
    if (each.kind === 'answers lost') store.losesAnswers = true;
    if (each.kind === 'both cables') for (const server of servers) server.bus.pull();
    if (each.kind === 'cable') servers[each.server]?.bus.pull();
    if (each.kind === 'kill') servers[each.server]?.kill();
    await clock.advance(each.ms);
    store.away = false;
    store.losesAnswers = false;
    if (each.kind === 'both cables') for (const server of servers) server.bus.plug();
    if (each.kind === 'cable') servers[each.server]?.bus.plug();
    if (each.kind === 'kill') {
      servers[each.server] = await startServer(clock, store, end);
      await watchers[each.server]?.attach();
    }
    await clock.advance(300);
  }
  const calm = async () => {
    await clock.advance(15_000);
    const reads = await Promise.all(servers.map(({ harness }) => harness.service.read('p')));
    const views = reads.map((record) => record?.progress);
    views.push(...watchers.map(({ seen }) => seen.at(-1)));
    expect(new Set(views.map((view) => `${view?.id} ${view?.status} ${view?.currentPhase}`)).size).toBe(1);
    // What died unstored with a server stands on the bus, and in the store with the next report.
    const stored = (await store.read('p'))?.progress.revision ?? 0;
    for (const view of views) expect(view?.revision ?? 0).toBeGreaterThanOrEqual(stored);
    return views;
  };
  await calm();
  await clock.advance(60_000);
  const views = await calm();
  expect(failure).toBeNull();
  expect(ending).not.toBeNull();
  expect((await store.read('p'))?.progress.status).toBe('COMPLETED');
  for (const view of views) expect(view).toMatchObject({ id: INGESTIONS.at(-1), status: 'COMPLETED' });
  const mayLoseMarks = faults.some(({ kind }) => kind === 'kill');
  for (const { seen, stop } of watchers) {
    stop();
    for (const [index, state] of seen.entries()) {
      const before = seen[index - 1];
      if (before === undefined) continue;
      expect(INGESTIONS.indexOf(state.id)).toBeGreaterThanOrEqual(INGESTIONS.indexOf(before.id));
      if (state.id !== before.id) continue;
      expect(isEnded(before) && !isEnded(state)).toBe(false);
      if (mayLoseMarks) continue;
      expect(state.currentPhase).toBeGreaterThanOrEqual(before.currentPhase);
      expect(state.progressPercent ?? 0).toBeGreaterThanOrEqual(before.progressPercent ?? 0);
    }
  }
}

test('whatever fails, everybody ends up with the truth, and no ending is undone', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: 8 }), play), { numRuns: 60 });
}, 120_000);
