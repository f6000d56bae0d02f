import { describe, expect, it } from 'vitest';
import { createSnapshotCache } from '../../widget/client/snapshot-cache.js';
import { createManualEnvironment } from './support/manual-environment.js';
import { eventsOf, setup, tokenOf } from './support/setup.js';
import { progressOf } from './support/states.js';

const ENDPOINT = 'https://api.example/graphql';
/** The same tab after a reload: its storage stays, its memory does not. */
const reloaded = (before: ReturnType<typeof createManualEnvironment>) =>
  createManualEnvironment({ storage: () => before.storage() });

describe('The snapshot cache', () => {
  it('belongs to one sub: another one sees nothing, and wipes it', () => {
    const environment = createManualEnvironment();
    const memory = createSnapshotCache(environment, ENDPOINT, true);
    const progress = progressOf();
    memory.set('anna', 'p1', progress);
    memory.save();
    expect(createSnapshotCache(reloaded(environment), ENDPOINT, true).get('anna', 'p1')).toEqual(progress);
    const later = reloaded(environment);
    expect(createSnapshotCache(later, ENDPOINT, true).get('ben', 'p1')).toBeNull();
    expect(later.storage()?.length).toBe(0);
    expect(createSnapshotCache(reloaded(environment), ENDPOINT, true).get('anna', 'p1')).toBeNull();
  });

  it('is nothing where the token says no sub, and stays out of the storage where the host wants it so', () => {
    const environment = createManualEnvironment();
    const memory = createSnapshotCache(environment, ENDPOINT, false);
    memory.set(null, 'p1', progressOf());
    expect(memory.get(null, 'p1')).toBeNull();
    memory.set('anna', 'p1', progressOf());
    memory.save();
    expect(memory.get('anna', 'p1')).not.toBeNull();
    expect(environment.storage()?.length).toBe(0);
  });

  it('is bounded, the newest kept', () => {
    const memory = createSnapshotCache(createManualEnvironment(), ENDPOINT, true);
    for (let index = 0; index < 25; index += 1) memory.set('anna', `p${String(index)}`, progressOf());
    expect(memory.get('anna', 'p4')).toBeNull();
    expect(memory.get('anna', 'p5')).not.toBeNull();
  });

  it.each(['{', '7', '{"subject":"anna"}', '{"subject":"anna","projects":[1,["p1",{}],["p1"]]}'])(
    'is nothing where the storage holds rubbish (%s)',
    (rubbish) => {
      const environment = createManualEnvironment();
      environment.storage()?.setItem(`ingestion-progress ${ENDPOINT}`, rubbish);
      expect(createSnapshotCache(environment, ENDPOINT, true).get('anna', 'p1')).toBeNull();
    },
  );

  it('goes without a storage that throws', () => {
    const refuse = (): never => {
      throw new DOMException('Full.', 'QuotaExceededError');
    };
    const storage = { getItem: refuse, setItem: refuse, removeItem: refuse } as unknown as Storage;
    const memory = createSnapshotCache(createManualEnvironment({ storage: () => storage }), ENDPOINT, true);
    memory.set('anna', 'p1', progressOf());
    memory.save();
    expect(memory.get('anna', 'p1')).not.toBeNull();
    memory.delete(null);
    expect(memory.get('anna', 'p1')).toBeNull();
  });
});

describe('A client', () => {
  it.each([
    ['FORBIDDEN', { reject: 'FORBIDDEN', projectId: 'p1' }, ['p2']],
    ['UNAUTHENTICATED', { reject: 'UNAUTHENTICATED', projectId: 'p1' }, []],
    ['a close with 4401', { close: 4401 }, []],
  ])('wipes what it remembers at %s', async (_what, step, left) => {
    const environment = createManualEnvironment();
    const { follow, socket } = setup({ token: tokenOf('anna') }, environment);
    const clients = ['p1', 'p2'].map((projectId) => follow({ projectId }));
    for (const client of clients) eventsOf(client);
    const session = await socket();
    for (const projectId of ['p1', 'p2']) session.play({ progress: progressOf({ projectId }), projectId });
    session.play(step);
    const memory = createSnapshotCache(environment, 'https://host.example/graphql', true);
    expect(['p1', 'p2'].filter((project) => memory.get('anna', project) !== null)).toEqual(left);
    for (const client of clients) client.dispose();
  });

  it('saves when the page is left, and remembers nothing where the host said so', async () => {
    const environment = createManualEnvironment();
    const { follow, socket } = setup({ token: tokenOf('anna') }, environment);
    eventsOf(follow());
    eventsOf(follow({ projectId: 'p2', remember: 'none' }));
    const session = await socket();
    for (const projectId of ['p1', 'p2']) session.play({ progress: progressOf({ projectId }), projectId });
    expect(environment.storage()?.length).toBe(0);
    environment.signal('hide');
    const kept = environment.storage()?.getItem('ingestion-progress https://host.example/graphql') ?? '';
    expect(kept).toContain('"p1"');
    expect(kept).not.toContain('"p2"');
  });

  it('shows what it remembers as soon as it knows whose it is, marked as not confirmed', async () => {
    const environment = createManualEnvironment();
    const first = setup({ token: tokenOf('anna') }, environment);
    const before = first.follow();
    eventsOf(before);
    (await first.socket()).play({ progress: progressOf({ percent: 40 }) });
    before.dispose();
    const again = setup({ token: tokenOf('anna') }, environment).follow();
    expect(again.getSnapshot()).toMatchObject({ knowledge: 'remembered', progress: { progressPercent: 10 } });
    const late = setup({ getToken: () => tokenOf('anna') }, environment);
    const asked = late.follow();
    expect(asked.getSnapshot().knowledge).toBe('none');
    eventsOf(asked);
    await late.socket();
    expect(asked.getSnapshot().knowledge).toBe('remembered');
  });

  it('belongs to the current user: getToken is called again, and nothing of another user is shown', async () => {
    let who = 'anna';
    const { follow, socket, webSocket } = setup({ getToken: () => tokenOf(who) });
    const hers = follow();
    eventsOf(hers);
    const session = await socket();
    session.play({ acknowledge: { scopes: ['ingestion:control'] } });
    session.play({ progress: progressOf({ percent: 40 }) });
    hers.dispose();
    who = 'ben';
    const his = follow();
    eventsOf(his);
    expect(his.getSnapshot()).toMatchObject({ progress: null, knowledge: 'none', scopes: null });
    await socket();
    expect(webSocket.sessions.map(({ token }) => token)).toEqual([tokenOf('anna'), tokenOf('ben')]);
    expect(his.getSnapshot()).toMatchObject({ progress: null, knowledge: 'none' });
    his.dispose();
  });
});
