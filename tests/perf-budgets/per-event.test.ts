/** The cost of an event depends on the number of distinct documents, not of watchers. */
import { describe, expect, it } from 'vitest';
import type { Fleet } from '../../bench/watchers/fleet.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { countSerializations, freshProject, startCounted } from './counted-server.js';
import { countLiveTimers } from './live-timers.js';

const WATCHERS = 200;

/** Resolves when each watcher has received so many states. */
async function received(fleet: Fleet, states: number): Promise<void> {
  await expect
    .poll(() => fleet.watchers.filter((watcher) => watcher.states >= states).length, { timeout: 10_000 })
    .toBe(fleet.watchers.length);
}

// (invariant: one-upstream-per-project)
describe('an event to many watchers of one document', () => {
  it('is executed and serialized once', async () => {
    const { server, watch } = await startCounted();
    const project = freshProject();
    await server.emitter.startIngestion(project);
    const fleet = watch([project]);
    await fleet.open(WATCHERS);
    const executions = server.counts.executions;
    const serializations = countSerializations();
    await server.emitter.emitPhaseStarted(project, 1, 'Looking');
    await received(fleet, 2);
    expect(server.counts.executions - executions).toBe(1);
    expect(serializations()).toBe(1);
  });

  it('is executed once even if a new ingestion takes over and each watcher gets a snapshot instead', async () => {
    const { server, watch } = await startCounted();
    const project = freshProject();
    await server.emitter.startIngestion(project);
    const fleet = watch([project]);
    // Half of them subscribe later, so their positions differ.
    await fleet.open(WATCHERS / 2);
    await server.emitter.emitPhaseStarted(project, 1, 'Looking');
    await received(fleet, 2);
    await fleet.open(WATCHERS / 2);
    const executions = server.counts.executions;
    const { ingestionId } = await server.emitter.startIngestion(project, { replace: true });
    await expect
      .poll(() => fleet.watchers.filter(({ last }) => last?.includes(ingestionId) === true).length, {
        timeout: 10_000,
      })
      .toBe(WATCHERS);
    // The start of the new ingestion, and at most the ending of the old one.
    expect(server.counts.executions - executions).toBeLessThanOrEqual(2);
  });
});

describe('many watchers that connect at once', () => {
  it('cost one store read and one execution per project', async () => {
    const store = createMemoryStore();
    const projects = [freshProject(), freshProject(), freshProject(), freshProject()];
    const first = await startCounted(store);
    for (const project of projects) {
      const run = await first.server.emitter.startIngestion(project);
      // The second server would interrupt a running one, and then would not need to read it.
      await run.emitComplete({});
    }
    await first.server.close();
    const second = await startCounted(store);
    second.reads.length = 0;
    const fleet = second.watch(projects);
    await fleet.open(WATCHERS);
    const ofEach = projects.map((project) => second.reads.filter((id) => id === project).length);
    expect(ofEach).toEqual([1, 1, 1, 1]);
    expect(second.server.counts.executions).toBe(projects.length);
  });

  it('hold no timer of their own', async () => {
    const { server, watch } = await startCounted();
    const project = freshProject();
    await server.emitter.startIngestion(project);
    const fleet = watch([project]);
    await fleet.open(1);
    const timers = countLiveTimers();
    try {
      await fleet.open(1_000);
      expect(timers.count).toBeLessThan(10);
    } finally {
      timers.restore();
    }
  });
});
