import { describe, expect, it } from 'vitest';
import { createManualEnvironment } from './support/manual-environment.js';
import { eventsOf, setup, tokenOf } from './support/setup.js';
import { completedOf, failedOf, progressOf } from './support/states.js';

describe('The first state that a client sees', () => {
  it('fires nothing, also where it has ended', async () => {
    const { follow, socket } = setup();
    const events = eventsOf(follow());
    (await socket()).play({ progress: completedOf() });
    expect(events).toEqual([]);
  });

  it('fires all that it has behind it where the host named the ingestion', async () => {
    const { follow, socket } = setup();
    const events = eventsOf(follow({ ingestionId: 'run-1' }));
    (await socket()).play({ progress: completedOf() });
    expect(events).toEqual(['phase 1', 'phase 2', 'phase 3', 'phase 4', 'complete run-1']);
  });

  it('fires what happened since this tab saw the same ingestion run', async () => {
    const environment = createManualEnvironment();
    const options = { token: tokenOf('anna') };
    const before = setup(options, environment);
    const first = before.follow();
    eventsOf(first);
    (await before.socket()).play({ progress: progressOf({ currentPhase: 2 }) });
    first.dispose();
    const after = setup(options, environment);
    const events = eventsOf(after.follow());
    (await after.socket()).play({ progress: completedOf() });
    expect(events).toEqual(['phase 3', 'phase 4', 'complete run-1']);
  });
});

describe('Later states', () => {
  it('fire each phase that was passed, and the ending once', async () => {
    const { follow, socket } = setup();
    const events = eventsOf(follow());
    const session = await socket();
    session.play({ progress: progressOf({ currentPhase: 1 }) });
    session.play({ progress: progressOf({ currentPhase: 3 }) });
    const end = completedOf();
    session.play({ progress: end });
    session.play({ progress: end });
    expect(events).toEqual(['phase 2', 'phase 3', 'phase 4', 'complete run-1']);
  });

  it('are in the snapshot before their events are emitted, and subscribers are notified once of each', async () => {
    const { follow, socket } = setup();
    const client = follow();
    const revisions: boolean[] = [];
    let changes = 0;
    client.on('progress', ({ progress }) => revisions.push(client.getSnapshot().progress === progress));
    const session = await socket();
    session.play({ progress: progressOf({ revision: 10 }) });
    client.subscribe(() => (changes += 1));
    session.play({ progress: progressOf({ revision: 11, progressPercent: 12 }) });
    expect(revisions).toEqual([true]);
    expect(changes).toBe(1);
  });

  it('fire a recoverable failure each time it happens, and nothing for its revival', async () => {
    const { follow, socket } = setup();
    const events = eventsOf(follow());
    const session = await socket();
    session.play({ progress: progressOf() });
    const failure = failedOf();
    session.play({ progress: failure });
    session.play({ progress: { ...failure, revision: failure.revision + 1 } });
    session.play({ progress: progressOf({ revision: failure.revision + 2 }) });
    session.play({ progress: failedOf(true, { revision: failure.revision + 3 }) });
    expect(events).toEqual(['error SOURCE_UNREACHABLE', 'error SOURCE_UNREACHABLE']);
  });

  it('of a newer ingestion fire its start from the phase it began at', async () => {
    const { follow, socket } = setup();
    const events = eventsOf(follow());
    const session = await socket();
    session.play({ progress: completedOf() });
    session.play({ progress: progressOf({ id: 'run-2', fromPhase: 2, currentPhase: 3 }) });
    expect(events).toEqual(['phase 2', 'phase 3']);
  });

  it('of a newer ingestion wait for the ending of the old one, which is asked for once', async () => {
    const { environment, webSocket, follow, socket } = setup();
    const events = eventsOf(follow());
    const session = await socket();
    session.play({ acknowledge: {} });
    session.play({ progress: progressOf({ currentPhase: 4 }) });
    const missed = completedOf();
    let answer: (data: unknown) => void = () => undefined;
    webSocket.onRequest = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    session.play({ progress: progressOf({ id: 'run-2', currentPhase: 1 }) });
    session.play({ progress: progressOf({ id: 'run-2', currentPhase: 2 }) });
    await environment.settle();
    expect(events).toEqual([]);
    answer({ progress: missed });
    await environment.settle();
    expect(events).toEqual(['complete run-1', 'phase 1', 'phase 2']);
    expect(webSocket.requests.map(({ variables }) => variables)).toEqual([
      { projectId: 'p1', ingestionId: 'run-1' },
    ]);
  });

  it('go on where the old ending cannot be had, with one warning', async () => {
    const { environment, follow, socket } = setup();
    const warnings: string[] = [];
    const events = eventsOf(follow({ onWarning: ({ code }) => warnings.push(code) }));
    const session = await socket();
    session.play({ progress: progressOf() });
    session.play({ progress: progressOf({ id: 'run-2' }) });
    await environment.settle();
    expect(events).toEqual(['phase 1']);
    expect(warnings).toEqual(['ENDING_UNKNOWN']);
  });
});

describe('Invalid data from a server', () => {
  // (invariant: never-back) (invariant: ending-is-final)
  it('never goes back within an ingestion, and an ending stays', async () => {
    const { follow, socket } = setup();
    const client = follow();
    eventsOf(client);
    const session = await socket();
    session.play({ progress: progressOf({ currentPhase: 2, percent: 60, progressPercent: 40 }) });
    session.play({ progress: progressOf({ currentPhase: 2, percent: 20, progressPercent: 30 }) });
    expect(client.getSnapshot().progress?.progressPercent).toBe(40);
    expect(client.getSnapshot().progress?.phases[1]?.percent).toBe(60);
    session.play({ progress: progressOf({ currentPhase: 1, percent: 90, progressPercent: 22 }) });
    expect(client.getSnapshot().progress).toMatchObject({ currentPhase: 2, progressPercent: 40 });
    expect(client.getSnapshot().progress?.phases[1]).toMatchObject({ status: 'RUNNING', percent: 60 });
    session.play({ progress: completedOf() });
    session.play({ progress: progressOf() });
    expect(client.getSnapshot().progress?.status).toBe('COMPLETED');
  });

  it('late and repeated states change nothing, not even the snapshot object', async () => {
    const { follow, socket } = setup();
    const client = follow();
    eventsOf(client);
    const session = await socket();
    const old = progressOf();
    const now = progressOf({ percent: 50 });
    session.play({ progress: now });
    const shown = client.getSnapshot();
    session.play({ progress: old });
    session.play({ progress: now });
    expect(client.getSnapshot()).toBe(shown);
  });

  it('is ignored or clamped, reported once, and never thrown', async () => {
    const { follow, socket } = setup();
    const warnings: string[] = [];
    const client = follow({ onWarning: ({ code }) => warnings.push(code) });
    eventsOf(client);
    const session = await socket();
    const good = progressOf();
    for (const bad of [
      undefined,
      'progress',
      [],
      { ...good, id: 7 },
      { ...good, revision: undefined },
      { ...good, revision: 1.5 },
      { ...good, status: 'PAUSED' },
      { ...good, phases: [] },
      { ...good, phases: [null, 1, 'x', {}] },
    ]) {
      session.play({ progress: bad });
    }
    expect(client.getSnapshot().progress).toBeNull();
    expect(warnings).toEqual(['DATA_INVALID']);
    session.play({
      progress: {
        ...good,
        progressPercent: 150,
        etaSeconds: 'soon',
        currentPhase: 19,
        brandNew: true,
        error: 'none',
        fromPhase: 0,
        staleAfterMs: -1,
        startedAt: Infinity,
        updatedAt: '2023',
        phases: good.phases.map((phase) => ({
          ...phase,
          percent: -3,
          weight: -1,
          metrics: { counters: 'many', itemsTotal: '9' },
        })),
      },
    });
    const { progress } = client.getSnapshot();
    expect(progress).toMatchObject({ progressPercent: 100, etaSeconds: null, currentPhase: 12, error: null });
    expect(progress).toMatchObject({ fromPhase: 1, staleAfterMs: 0, startedAt: 0, updatedAt: 0 });
    expect(progress?.phases[0]).toMatchObject({
      percent: 0,
      weight: 0,
      metrics: { counters: [], itemsTotal: null },
    });
  });

  it('a host’s listener that throws harms nobody else', async () => {
    const { follow, socket } = setup();
    const client = follow();
    const uncaught: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => uncaught.push(error));
    client.on('progress', () => {
      throw new Error('of the host');
    });
    const events = eventsOf(client);
    const session = await socket();
    session.play({ progress: progressOf() });
    session.play({ progress: completedOf() });
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
    expect(events.at(-1)).toBe('complete run-1');
    expect(String(uncaught[0])).toContain('of the host');
  });
});
