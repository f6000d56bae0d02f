/** A loop whose items are counted by the run. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createReporter, type ReporterRun } from '../../../server/reporter/index.js';
import { freePort } from '../../support/daemon.js';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import { bundleReporter, startJob } from './job-process.js';
import { createWorld, refused, type World } from './scripted-server.js';

let world: World;
let run: ReporterRun;

beforeEach(async () => {
  world = createWorld();
  const reporter = createReporter({
    endpoint: 'http://server.test/graphql',
    projectId: 'p1',
    token: 't',
    environment: world.environment,
    quiet: true,
  });
  run = await reporter.startIngestion();
});

/** What was said of the loop: done and total of each report. */
const counts = () =>
  world.heard
    .filter(({ mutation }) => mutation === 'reportProgress')
    .map(({ input }) => {
      const { itemsProcessed, itemsTotal } = input['metrics'] as Record<string, number | undefined>;
      return [itemsProcessed, itemsTotal];
    });

async function* pages() {
  for (let page = 1; page <= 4; page += 1) {
    await world.pass(1_000);
    yield page;
  }
}

describe('a tracked loop', () => {
  it('gives every item, and reports begin, progress and end with the number of items', async () => {
    const items: string[] = [];
    for (const item of run.track(['a', 'b', 'c'], { phase: 2, message: 'Extracting' })) {
      items.push(item);
      await world.pass(1_000);
    }
    await run.flush();
    expect(items).toEqual(['a', 'b', 'c']);
    expect(world.heard[1]?.input).toMatchObject({ phase: 2, message: 'Extracting' });
    expect(counts()).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('takes a generator of promises, whose total may be given', async () => {
    const items: number[] = [];
    for await (const page of run.track(pages(), { phase: 1, total: 4, part: 'a' })) items.push(page);
    await run.flush();
    expect(items).toEqual([1, 2, 3, 4]);
    expect(counts().at(-1)).toEqual([4, 4]);
    expect(world.heard.at(-2)?.input).toMatchObject({ part: 'a' });
  });

  it('that is left counts what was done, closes its source, and reports no more', async () => {
    let isClosed = false;
    function* source() {
      try {
        yield* [1, 2, 3];
      } finally {
        isClosed = true;
      }
    }
    for (const item of run.track(source(), { phase: 1 })) if (item === 3) break;
    await run.flush();
    const before = world.heard.length;
    await world.pass(5_000);
    expect(isClosed).toBe(true);
    expect(counts()).toEqual([
      [0, undefined],
      [2, undefined],
    ]);
    expect(world.heard.length).toBe(before);
  });

  it('goes on if its reports are rejected', async () => {
    world.script = () => refused('CONFLICT');
    let items = 0;
    for (const _item of run.track(new Set([1, 2, 3]), { phase: 1 })) {
      await world.pass(1_000);
      items += 1;
    }
    expect(run.signal.aborted).toBe(true);
    expect(items).toBe(3);
  });

  it.each(['for', 'for await'])(
    'throws the reason once a person asked to cancel (%s), and closes its source',
    async (how) => {
      let isClosed = false;
      function* source() {
        try {
          for (let item = 1; ; item += 1) yield item;
        } finally {
          isClosed = true;
        }
      }
      async function* later() {
        yield* source();
      }
      const cancel = () => (run as unknown as { requestCancel(who: string): boolean }).requestCancel('anna');
      const loop = async () => {
        if (how === 'for') for (const item of run.track(source(), { phase: 1 })) if (item === 5) cancel();
        if (how === 'for await')
          for await (const item of run.track(later(), { phase: 1 })) if (item === 5) cancel();
      };
      await expect(loop()).rejects.toThrow('anna asked to cancel');
      await run.flush();
      expect(isClosed).toBe(true);
    },
  );

  it('costs little more than a generator that counts', async () => {
    const scratch = createTemporaryDirectory();
    onTestFinished(() => scratch.delete());
    await bundleReporter(scratch.path);
    // In a process of its own: a test runner's hooks make each promise dearer. The best of some, since machines are shared.
    const source = `
      const run = reporter.openIngestion();
      const items = Array.from({ length: 200_000 }, (_, index) => index);
      async function* later() { yield* items; }
      let count = 0;
      function* counted(all) { for (const item of all) { count += 1; yield item; } }
      async function* countedLater(all) { for await (const item of all) { count += 1; yield item; } }
      let sum = 0;
      async function cost(...loops) {
        const best = loops.map(() => Infinity);
        for (let round = 0; round < 6; round += 1) {
          for (const [index, loop] of loops.entries()) {
            const beganAt = performance.now();
            await loop();
            best[index] = Math.min(best[index], performance.now() - beganAt);
          }
        }
        const [bare, peer, tracked] = best;
        return { ns: (tracked - bare) * 5, ratio: tracked / peer };
      }
      const sync = await cost(
        () => { for (const item of items) sum += item; },
        () => { for (const item of counted(items)) sum += item; },
        () => { for (const item of run.track(items, { phase: 1 })) sum += item; },
      );
      const async = await cost(
        async () => { for await (const item of later()) sum += item; },
        async () => { for await (const item of countedLater(later())) sum += item; },
        async () => { for await (const item of run.track(later(), { phase: 1 })) sum += item; },
      );
      // Five times the milliseconds of 200,000 items are nanoseconds of one.
      console.log(JSON.stringify({ sync, async }));
      reporter.dispose();`;
    const { ended, output, errors } = startJob(scratch.path, source, {
      endpoint: `http://127.0.0.1:${await freePort()}/graphql`,
      token: 't',
      options: '{ quiet: true }',
    });
    await ended;
    const cost = JSON.parse(output()) as Record<
      'sync' | 'async',
      { readonly ns: number; readonly ratio: number }
    >;
    console.log(
      `over the bare loop an item costs ${cost.sync.ns.toFixed()} ns, of an async loop ${cost.async.ns.toFixed()}`,
    );
    expect(errors()).toBe('');
    expect(cost.sync.ratio).toBeLessThan(8);
    expect(cost.async.ratio).toBeLessThan(2);
  });
});
