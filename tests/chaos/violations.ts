/** What must be true when the faults are over: everyone shows the same, nothing went back, no acknowledged ending is lost. */
import { setTimeout as delay } from 'node:timers/promises';
import { tokenFor } from '../support/tokens.js';
import type { HeldPosition } from './job-process.js';
import type { Observation } from './observations.js';
import { PROJECTS, type World } from './world.js';

/** How long it may take until everyone agrees, in milliseconds. */
export const CONVERGENCE_MS = 15_000;
const POLL_EVERY_MS = 100;

const QUERY = `query ($projectId: ID!, $ingestionId: ID) {
  progress(projectId: $projectId, ingestionId: $ingestionId) { id revision status currentPhase progressPercent }
}`;

/** Queries a server directly, past its proxy; null if the project never ingested. */
async function query(
  port: number,
  projectId: string,
  ingestionId: string | null,
): Promise<Observation | null> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenFor({ sub: 'verifier' })}` },
    body: JSON.stringify({ query: QUERY, variables: { projectId, ingestionId } }),
    signal: AbortSignal.timeout(5_000),
  });
  const { data, errors } = (await response.json()) as {
    data?: {
      progress:
        | (Omit<Observation, 'phase' | 'percent'> & { currentPhase: number; progressPercent: number | null })
        | null;
    };
    errors?: unknown;
  };
  if (data === undefined || errors !== undefined) throw new Error(`answered ${JSON.stringify(errors)}`);
  if (data.progress === null) return null;
  const { currentPhase, progressPercent, ...rest } = data.progress;
  return { ...rest, phase: currentPhase, percent: progressPercent };
}

const describe = (observation: Observation | null) =>
  observation === null ? 'nothing' : `${observation.id} ${observation.status} in phase ${observation.phase}`;

/**
 * The widget's client keeps the furthest phase it has shown, even if that died unstored; everything else must agree.
 * (invariant: never-back)
 */
function withoutLostPhase(
  world: World,
  projectId: string,
  shown: Observation | null,
  fresh: Observation | null,
): Observation | null {
  if (shown === null || fresh === null || shown.id !== fresh.id || shown.phase <= fresh.phase) return shown;
  return world.mayHaveLostUpdates(projectId, shown.id) ? { ...shown, phase: fresh.phase } : shown;
}

/** Everything that disagrees at this moment. */
async function disagreementsOf(world: World, projectId: string): Promise<readonly string[]> {
  const record = await world.store.read(projectId);
  const stored: Observation | null =
    record === null
      ? null
      : { ...record.progress, phase: record.progress.currentPhase, percent: record.progress.progressPercent };
  const reads = await Promise.all(
    world.servers.map(async (server, index) => ({
      name: `server ${index}`,
      observation: await query(server.port, projectId, null),
    })),
  );
  const watchers = world.watchers.filter((watcher) => watcher.projectId === projectId);
  const fresh = reads[0]?.observation ?? stored;
  const observations = watchers.map(({ name, log, state }) => ({
    name: `${name} (${state()})`,
    observation: withoutLostPhase(world, projectId, log.last, fresh),
  }));
  return [{ name: 'the store', observation: stored }, ...reads, ...observations].flatMap(
    ({ name, observation }) => {
      if (describe(observation) !== describe(fresh))
        return [`${projectId}: ${name} shows ${describe(observation)}, server 0 shows ${describe(fresh)}`];
      const isOlder = (observation?.revision ?? 0) < (stored?.revision ?? 0);
      return isOlder
        ? [
            `${projectId}: ${name} shows revision ${observation?.revision}, the store holds ${stored?.revision}`,
          ]
        : [];
    },
  );
}

/** Waits until everyone agrees; returns the last disagreements if they don't in time. */
async function findDisagreements(world: World, withinMs: number): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const all = Promise.all(PROJECTS.map((projectId) => disagreementsOf(world, projectId)));
    const held = Promise.all(PROJECTS.map((projectId) => findLostUpdates(world, projectId)));
    const found = await Promise.all([all, held]).then(
      (each) => each.flat(2),
      (error: unknown) => [`a read failed: ${String(error)}`],
    );
    if (found.length === 0) return [];
    if (performance.now() > deadline)
      return found.map((what) => `after ${Math.round(withinMs / 1_000)} s ${what}`);
    await delay(POLL_EVERY_MS);
  }
}

/** Every acknowledged ending is in the store and on every server, and every watcher shows it or a later ingestion. */
async function findLostEndings(world: World, projectId: string): Promise<readonly string[]> {
  const { started: order, endings } = world.job.recordOf(projectId);
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
      const observation = await query(server.port, projectId, id);
      if (observation?.status !== status) {
        lost.push(
          `${projectId}: ${id} was acknowledged as ${status}, server ${index} shows ${describe(observation)}`,
        );
      }
    }
    for (const { name, log } of watchers) {
      const { last } = log;
      const isPast = last !== null && order.indexOf(last.id) > order.indexOf(id);
      if (!isPast && !(last?.id === id && last.status === status)) {
        lost.push(`${projectId}: ${id} was acknowledged as ${status}, ${name} shows ${describe(last)}`);
      }
    }
  }
  return lost;
}

/** No start or ending is acknowledged or shown before the store can have written it. */
function acknowledgedTooEarly(world: World, projectId: string): readonly string[] {
  const { acknowledgements, endingAt } = world.job.recordOf(projectId);
  const early = acknowledgements
    .filter(({ reportedAt, acknowledgedAt }) => world.wasStoreDown(reportedAt, acknowledgedAt))
    .map(({ id, status }) => `${projectId}: ${id} was acknowledged as ${status} while the store was down`);
  const shown = world.watchers
    .filter((watcher) => watcher.projectId === projectId)
    .flatMap(({ name, log }) =>
      [...log.endedAt]
        .filter(([id, at]) => world.wasStoreDown(endingAt.get(id) ?? 0, at))
        .map(([id]) => `${projectId}: ${name} showed the ending of ${id} while the store was down`),
    );
  return [...early, ...shown];
}

/** The overall percent; each completed phase counts 100. */
const overall = ({ phase, percent }: Pick<HeldPosition, 'phase' | 'percent'>) =>
  ((phase - 1) * 100 + percent) / 4;

/** After `hold`, everything that was acknowledged is everywhere, the last update included. */
async function findLostUpdates(world: World, projectId: string): Promise<readonly string[]> {
  const { held } = world.job.recordOf(projectId);
  if (held === null) return [];
  const { store, servers } = world;
  const watchers = world.watchers.filter((watcher) => watcher.projectId === projectId);
  const stored = await store.read(projectId);
  const reads = await Promise.all(servers.map((server) => query(server.port, projectId, null)));
  const observations = [
    { name: 'the store', percent: stored?.progress.progressPercent ?? null },
    ...reads.map((observation, index) => ({
      name: `server ${index}`,
      percent: observation?.percent ?? null,
    })),
    ...watchers.map(({ name, log }) => ({ name, percent: log.last?.percent ?? null })),
  ];
  const expected = overall(held);
  return observations
    .filter(({ percent }) => (percent ?? 0) < expected - 1e-6)
    .map(({ name, percent }) => `${projectId}: ${held.id} is at ${expected} %, ${name} shows ${percent}`);
}

/** One sentence per violation. `slackMs` is added to the time for convergence if faults took longer than drawn. */
export async function findViolations(world: World, slackMs: number): Promise<readonly string[]> {
  const gone = world.servers.flatMap((server, index) =>
    server.isRunning() ? [] : [`server ${index} exited by itself`],
  );
  const disagreements = await findDisagreements(world, CONVERGENCE_MS + slackMs);
  const early = PROJECTS.flatMap((projectId) => acknowledgedTooEarly(world, projectId));
  const missed = (await Promise.all(world.storeChecks)).filter((what) => what !== null);
  const lost = await Promise.all(PROJECTS.map((projectId) => findLostEndings(world, projectId))).then(
    (each) => each.flat(),
    (error: unknown) => [`endings could not be read: ${String(error)}`],
  );
  const back = world.watchers.flatMap(({ log }) => log.violations);
  const rejected = PROJECTS.flatMap((projectId) =>
    world.job
      .recordOf(projectId)
      .rejections.filter(({ isExpected }) => !isExpected)
      .map(({ id, code, message }) => `a report for ${projectId} ${id} was rejected: ${code} ${message}`),
  );
  return [...gone, ...disagreements, ...early, ...missed, ...lost, ...back, ...rejected];
}
