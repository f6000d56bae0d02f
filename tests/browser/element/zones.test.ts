/** A page with zone.js: timers and sockets stay outside Angular's zone, listeners run inside. */
import { expect } from '@esm-bundle/chai';
import { createIngestionClient } from '@ingestion-progress/widget/client';
import { SAMPLES } from '../../../storybook/samples.js';
import { cleanUp } from './support/mount.js';
import { turn } from './support/page-clock.js';
import { waitUntil } from './support/wait-until.js';
import { startPageServer } from './support/page-server.js';

/** The parts of zone.js that matter here: a current zone that tasks inherit. */
class FakeZone {
  static current: FakeZone;
  static readonly root = new FakeZone();
  /** Timers and sockets that were started in the zone. */
  readonly tasks: string[] = [];
  run<T>(task: () => T): T {
    const before = FakeZone.current;
    FakeZone.current = this;
    try {
      return task();
    } finally {
      FakeZone.current = before;
    }
  }
}
FakeZone.current = FakeZone.root;

const server = startPageServer();
const real = {
  setTimeout: window.setTimeout.bind(window),
  queueMicrotask: window.queueMicrotask.bind(window),
};

describe('In Angular with zone.js', () => {
  before(() => {
    const wrap = (task: () => void): (() => void) => {
      const zone = FakeZone.current;
      return () => zone.run(task);
    };
    Object.assign(window, {
      Zone: FakeZone,
      setTimeout: (task: () => void, ms?: number) => {
        FakeZone.current.tasks.push(`timer of ${String(ms)} ms`);
        return real.setTimeout(wrap(task), ms);
      },
      queueMicrotask: (task: () => void) => real.queueMicrotask(wrap(task)),
    });
    for (const projectId of ['p1', 'p2']) server.set(projectId, { ...SAMPLES.running, projectId });
  });
  after(() => {
    Object.assign(window, real);
    Reflect.deleteProperty(window, 'Zone');
    server.restore();
  });

  it('the element starts no timer in the zone in which it was made', async () => {
    const angular = new FakeZone();
    const element = angular.run(() => {
      const made = document.createElement('ingestion-progress');
      Object.assign(made, { projectId: 'p1', endpoint: '/zone-element', token: 't' });
      document.body.append(cleanUp(made));
      return made;
    });
    await waitUntil(() => element.connectionState === 'connected');
    angular.run(() => {
      element.projectId = 'p2'; // as a change detection does
      element.requestUpdate();
    });
    await waitUntil(() => element.progress?.projectId === 'p2');
    for (const revision of [900, 901, 902]) {
      server.set('p2', { ...SAMPLES.running, projectId: 'p2', revision });
      await turn();
    }
    await waitUntil(() => element.progress?.revision === 902);
    expect(FakeZone.root.tasks.length).to.be.greaterThan(2);
    expect(angular.tasks).to.deep.equal([]);
  });

  it('a client calls its listeners in the zone in which they were added, with no timer in it', async () => {
    const angular = new FakeZone();
    const heardIn = new Set<FakeZone>();
    const client = angular.run(() => {
      const made = createIngestionClient({ projectId: 'p1', endpoint: '/zone-client', token: 't' });
      made.subscribe(() => heardIn.add(FakeZone.current));
      return made;
    });
    await waitUntil(() => client.getSnapshot().connection.state === 'connected');
    client.dispose();
    expect([...heardIn]).to.deep.equal([angular]);
    expect(angular.tasks).to.deep.equal([]);
  });
});
