/** What must be true once the faults are over: everybody shows the same, nothing went back, no acknowledged ending is lost. */
import { setTimeout as delay } from 'node:timers/promises';
import { tokenFor } from '../support/tokens.js';
import type { Held } from './job-process.js';
import type { Sight } from './seen.js';
import { PROJECTS, type World } from './world.js';

/** How long everybody may take to agree, in milliseconds. */
export const CONVERGENCE_MS = 15_000;
const LOOK_EVERY_MS = 100;

const QUERY = `query ($projectId: ID!, $ingestionId: ID) {
  progress(projectId: $projectId, ingestionId: $ingestionId) { id revision status currentPhase progressPercent }
}`;

/** Asks a server afresh, past its proxy; null where the project never ingested. */
async function ask(port: number, projectId: string, ingestionId: string | null): Promise<Sight | null> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenFor({ sub: 'verdict' })}` },
    body: JSON.stringify({ query: QUERY, variables: { projectId, ingestionId } }),
    signal: AbortSignal.timeout(5_000),
  });
  const { data, errors } = (await response.json()) as {
    data?: {
      progress:
        (Omit<Sight, 'phase' | 'percent'> & { currentPhase: number; progressPercent: number | null }) | null;
    };
    errors?: unknown;
  };
  if (data === undefined || errors !== undefined) throw new Error(`answered ${JSON.stringify(errors)}`);
  if (data.progress === null) return null;
  const { currentPhase, progressPercent, ...rest } = data.progress;
  return { ...rest, phase: currentPhase, percent: progressPercent };
}

const fateOf = (sight: Sight | null) =>
  sight === null ? 'nothing' : `${sight.id} ${sight.status} in phase ${sight.phase}`;

/**
 * Our client keeps the furthest phase it was shown, even if that died unstored: everything else must agree.
 * (invariant: never-back)
 */
function withoutLost(
  world: World,
  projectId: string,
  shown: Sight | null,
  fresh: Sight | null,
): Sight | null {
  if (shown === null || fresh === null || shown.id !== fresh.id || shown.phase <= fresh.phase) return shown;
  return world.hasLost(projectId, shown.id) ? { ...shown, phase: fresh.phase } : shown;
}

/** What does not agree at this moment. */
async function disagreements(world: World, projectId: string): Promise<readonly string[]> {
  const record = await world.store.read(projectId);
  const stored: Sight | null =
    record === null
      ? null
      : { ...record.progress, phase: record.progress.currentPhase, percent: record.progress.progressPercent };
  const reads = await Promise.all(
    world.servers.map(async (server, index) => ({
      name: `a read of server ${index}`,
      sight: await ask(server.port, projectId, null),
    })),
  );
  const watchers = world.watchers.filter((watcher) => watcher.projectId === projectId);
  const fresh = reads[0]?.sight ?? stored;
  const sights = watchers.map(({ name, seen, state }) => ({
    name: `${name} (${state()})`,
    sight: withoutLost(world, projectId, seen.last, fresh),
  }));
  return [{ name: 'the store', sight: stored }, ...reads, ...sights].flatMap(({ name, sight }) => {
    if (fateOf(sight) !== fateOf(fresh))
      return [`${projectId}: ${name} shows ${fateOf(sight)}, a read of server 0 ${fateOf(fresh)}`];
    const isOlder = (sight?.revision ?? 0) < (stored?.revision ?? 0);
    return isOlder
      ? [`${projectId}: ${name} shows revision ${sight?.revision}, the store holds ${stored?.revision}`]
      : [];
  });
}

/** Waits until everybody agrees; the last disagreements where they do not in time. */
async function convergence(world: World, withinMs: number): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const all = Promise.all(PROJECTS.map((projectId) => disagreements(world, projectId)));
    const held = Promise.all(PROJECTS.map((projectId) => lostUpdates(world, projectId)));
    const found = await Promise.all([all, held]).then(
      (each) => each.flat(2),
      (error: unknown) => [`a read failed: ${String(error)}`],
    );
    if (found.length === 0) return [];
    if (performance.now() > deadline)
      return found.map((what) => `after ${Math.round(withinMs / 1_000)} s ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}

/** Every ending that was acknowledged to the job stands in the store and on every server, and every watcher is at it or past it. */
async function lostEndings(world: World, projectId: string): Promise<readonly string[]> {
  const { started: order, endings } = world.job.of(projectId);
  const watchers = world.watchers.filter((watcher) => watcher.projectId === projectId);
  const lost: string[] = [];
  for (const { id, status } of endings) {
    const stored = await world.store.readIngestion(projectId, id);
    if (stored?.progress.status !== status) {
      lost.push(
        `${id} was acknowledged as ${status}, the store holds ${stored?.progress.status ?? 'nothing'}`,
      );
    }
    for (const [index, server] of world.servers.entries()) {
      const sight = await ask(server.port, projectId, id);
      if (sight?.status !== status) {
        lost.push(`${projectId}: ${id} was acknowledged as ${status}, server ${index} says ${fateOf(sight)}`);
      }
    }
    for (const { name, seen } of watchers) {
      const { last } = seen;
      const isPast = last !== null && order.indexOf(last.id) > order.indexOf(id);
      if (!isPast && !(last?.id === id && last.status === status)) {
        lost.push(`${projectId}: ${id} was acknowledged as ${status}, ${name} shows ${fateOf(last)}`);
      }
    }
  }
  return lost;
}

/** Nothing is acknowledged or shown as begun or over that the store cannot have taken by then. */
function unstored(world: World, projectId: string): readonly string[] {
  const { claims, endingAt } = world.job.of(projectId);
  const early = claims
    .filter(({ saidAt, answeredAt }) => world.wasStoreAway(saidAt, answeredAt))
    .map(({ id, status }) => `${projectId}: ${id} was acknowledged as ${status} while the store was away`);
  const shown = world.watchers
    .filter((watcher) => watcher.projectId === projectId)
    .flatMap(({ name, seen }) =>
      [...seen.endedAt]
        .filter(([id, at]) => world.wasStoreAway(endingAt.get(id) ?? 0, at))
        .map(([id]) => `${projectId}: ${name} showed the ending of ${id} while the store was away`),
    );
  return [...early, ...shown];
}

/** Phases that are over count 100, as many as there are. */
const overall = ({ phase, percent }: Pick<Held, 'phase' | 'percent'>) => ((phase - 1) * 100 + percent) / 4;

/** Where the job holds, everything that it was answered is there: the last update too. */
async function lostUpdates(world: World, projectId: string): Promise<readonly string[]> {
  const { held } = world.job.of(projectId);
  if (held === null) return [];
  const { store, servers } = world;
  const watchers = world.watchers.filter((watcher) => watcher.projectId === projectId);
  const stored = await store.read(projectId);
  const reads = await Promise.all(servers.map((server) => ask(server.port, projectId, null)));
  const sights = [
    { name: 'the store', percent: stored?.progress.progressPercent ?? null },
    ...reads.map((sight, index) => ({ name: `server ${index}`, percent: sight?.percent ?? null })),
    ...watchers.map(({ name, seen }) => ({ name, percent: seen.last?.percent ?? null })),
  ];
  const expected = overall(held);
  return sights
    .filter(({ percent }) => (percent ?? 0) < expected - 1e-6)
    .map(({ name, percent }) => `${projectId}: ${held.id} holds at ${expected} %, ${name} shows ${percent}`);
}

/** Everything that is not as it must be, a sentence each; `slackMs` is given to whoever was kept waiting longer than drawn. */
export async function judge(world: World, slackMs: number): Promise<readonly string[]> {
  const gone = world.servers.flatMap((server, index) =>
    server.isRunning() ? [] : [`server ${index} ended by itself`],
  );
  const apart = await convergence(world, CONVERGENCE_MS + slackMs);
  const early = PROJECTS.flatMap((projectId) => unstored(world, projectId));
  const missed = (await Promise.all(world.looks)).filter((what) => what !== null);
  const lost = await Promise.all(PROJECTS.map((projectId) => lostEndings(world, projectId))).then(
    (each) => each.flat(),
    (error: unknown) => [`endings could not be read: ${String(error)}`],
  );
  const back = world.watchers.flatMap(({ seen }) => seen.violations);
  const refused = PROJECTS.flatMap((projectId) =>
    world.job
      .of(projectId)
      .refusals.filter(({ isExpected }) => !isExpected)
      .map(({ id, code, message }) => `the job was refused for ${projectId} ${id}: ${code} ${message}`),
  );
  return [...gone, ...apart, ...early, ...missed, ...lost, ...back, ...refused];
}
