/** Whose ingestions a list may show: by the token, by a host's rule, one by one or in bulk, and checked again. */
import { describe, expect, it } from 'vitest';
import { tokenAccess, type AccessPolicy } from '../../../server/auth/access.js';
import { createFailedAuthThrottle } from '../../../server/auth/failed-auth-throttle.js';
import { createGuard, type Guard } from '../../../server/auth/guard.js';
import type { ListAccess } from '../../../server/auth/list-access.js';
import { createQuotas } from '../../../server/auth/quotas.js';
import { createSession } from '../../../server/auth/session.js';
import type { Viewer } from '../../../server/auth/viewer.js';
import { createLimitLogger } from '../../../server/observability/limit-logger.js';
import type { ProgressError } from '../../../server/shared/errors.js';
import { createRecordedLog } from '../../support/log.js';
import { createManualClock } from '../../support/manual-clock.js';

const clock = createManualClock();
const source = { address: '10.0.0.1', transport: 'websocket', requestId: 'r' } as const;
const viewerOf = (projects: readonly string[] | '*', scopes: readonly string[] = ['progress:read']) =>
  ({
    subject: 'anna',
    scopes: new Set(scopes),
    projects: projects === '*' ? '*' : new Set(projects),
    expiresAt: clock.now() + 60_000,
    claims: {},
  }) as Viewer;

function guardOf(access: AccessPolicy, viewer = viewerOf('*')): Guard {
  const limitLogger = createLimitLogger(createRecordedLog().logger, clock);
  return createGuard({
    ...{ access, clock, limitLogger },
    verifier: { verify: async () => viewer },
    failedAuthThrottle: createFailedAuthThrottle(clock),
    quotas: createQuotas({ subscriptions: 10, projects: 10, reportsPerSecond: 10 }, limitLogger, clock),
  });
}

const seen = (access: ListAccess | null, projectIds: readonly string[]) =>
  access === null ? null : projectIds.filter((projectId) => access.has(projectId));

describe('the access of a list', () => {
  it('is what the token covers, known beforehand, and shared by those who may see the same', async () => {
    const guard = guardOf(tokenAccess);
    const some = await guard.listAccess(viewerOf(['a', 'b']), null);
    const same = await guard.listAccess(viewerOf(['b', 'a']), null);
    const all = await guard.listAccess(viewerOf('*'), null);
    expect(seen(some, ['a', 'b', 'c'])).toEqual(['a', 'b']);
    expect(some?.key).toBe(same?.key);
    expect(all?.key).not.toBe(some?.key);
    expect(seen(all, ['a', 'c'])).toEqual(['a', 'c']);
    expect(await guard.listAccess(viewerOf('*', []), null)).toBeNull();
    expect(seen(await guard.listAccess(viewerOf([]), null), ['a'])).toEqual([]);
  });

  it('is none if one of the named projects is not covered', async () => {
    const guard = guardOf(tokenAccess);
    expect(seen(await guard.listAccess(viewerOf(['a', 'b']), ['a']), ['a', 'b'])).toEqual(['a']);
    expect(await guard.listAccess(viewerOf(['a', 'b']), ['a', 'c'])).toBeNull();
    expect(await guard.listAccess(viewerOf('*', []), ['a'])).toBeNull();
    await expect(guard.authorizeList(viewerOf(['a']), ['a', 'c'], source)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const expired = { ...viewerOf('*'), expiresAt: clock.now() };
    await expect(guard.authorizeList(expired, null, source)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  it('asks a host’s rule about each project once; one by one, or in bulk if it can', async () => {
    const asked: string[] = [];
    const oneByOne = guardOf({
      allows: (_viewer, projectId) => {
        asked.push(projectId);
        return projectId !== 'c';
      },
    });
    const access = await oneByOne.listAccess(viewerOf([]), null);
    expect(seen(access, ['a'])).toEqual([]);
    expect(await access?.learn(['a', 'c'])).toBe(true);
    expect(await access?.learn(['a', 'c'])).toBe(false);
    expect(seen(access, ['a', 'b', 'c'])).toEqual(['a']);
    expect(asked).toEqual(['a', 'c']);
    const bulks: number[] = [];
    const inBulk = guardOf({
      allows: () => false,
      // More than it was asked about.
      filter: (_viewer, projectIds) => {
        bulks.push(projectIds.length);
        return ['p1', 'x'];
      },
    });
    const bulk = await inBulk.listAccess(viewerOf([]), null);
    await bulk?.learn(Array.from({ length: 1_500 }, (_, index) => `p${index}`));
    expect(bulks).toEqual([1_000, 500]);
    expect(seen(bulk, ['p0', 'p1', 'x'])).toEqual(['p1']);
    expect(await inBulk.listAccess(viewerOf('*'), ['p0', 'p1'])).toBeNull();
  });

  it('is UNAVAILABLE if the rule fails, or answers with what is no list', async () => {
    const failing: readonly AccessPolicy['filter'][] = [
      () => {
        throw new Error('No.');
      },
      () => Promise.reject(new Error('No.')),
      () => 7 as unknown as string[],
    ];
    for (const filter of failing) {
      const guard = guardOf({ allows: () => true, ...(filter === undefined ? {} : { filter }) });
      await expect(guard.listAccess(viewerOf('*'), ['a'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      const access = await guard.listAccess(viewerOf('*'), null);
      await expect(access?.learn(['a'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(access?.has('a')).toBe(false);
    }
  });
});

describe('a session', () => {
  /** A list that a session holds. */
  function grantOf(projectIds: readonly string[] | null) {
    const taken: ListAccess[] = [];
    const revoked: ProgressError[] = [];
    const grant = {
      projectId: '',
      scope: 'progress:read' as const,
      list: { projectIds, take: (access: ListAccess) => void taken.push(access) },
      revoke: (error: ProgressError) => void revoked.push(error),
    };
    return { grant, taken, revoked };
  }

  it('revokes a list at once that names what a fresh token does not cover, and gives others their new access', async () => {
    const guard = guardOf(tokenAccess, viewerOf(['b']));
    const session = createSession({ viewer: viewerOf(['a', 'b']), source, guard, refreshable: true });
    const named = grantOf(['a']);
    const open = grantOf(null);
    for (const { grant } of [named, open]) await session.acquire(grant);
    await session.refresh('token');
    expect(named.revoked.map(({ code }) => code)).toEqual(['FORBIDDEN']);
    expect(open.revoked).toEqual([]);
    expect(open.taken.map((access) => seen(access, ['a', 'b']))).toEqual([['a', 'b'], ['b']]);
  });

  it('revokes a list whose access cannot be checked three times in a row', async () => {
    let isFailing = false;
    const guard = guardOf({
      allows: () => true,
      filter: async (_viewer, projectIds) => {
        if (isFailing) throw new Error('No.');
        return projectIds;
      },
    });
    const session = createSession({ viewer: viewerOf('*'), source, guard, refreshable: true });
    const { grant, revoked } = grantOf(['a']);
    await session.acquire(grant);
    isFailing = true;
    await session.recheck();
    await session.recheck();
    expect(revoked).toEqual([]);
    await session.recheck();
    expect(revoked.map(({ code }) => code)).toEqual(['UNAVAILABLE']);
  });
});
