/** How often elements render: all of a page together, at most ten times a second, never while hidden; events fire regardless. */
import { expect } from '@esm-bundle/chai';
import { SAMPLES } from '../../../storybook/samples.js';
import { mount, type MountOptions, type Mounted } from './support/mount.js';
import { takeClock, turn, type PageClock } from './support/page-clock.js';

const MINUTE_MS = 60_000;

/** Counts the renders of an element from now on. */
function countRenders({ element }: Mounted): () => number {
  let renders = 0;
  const before = element['performUpdate'];
  Object.assign(element, {
    performUpdate: () => {
      renders += 1;
      before.call(element);
    },
  });
  return () => renders;
}

function setHidden(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('Renders', () => {
  let clock: PageClock;
  beforeEach(() => {
    clock = takeClock();
  });
  /** Rendered, and past the first pause between two renders. */
  async function drawn(options: MountOptions): Promise<Mounted> {
    const mounting = mount(options);
    await clock.advance(200);
    return mounting;
  }

  afterEach(() => {
    clock.restore();
    Reflect.deleteProperty(document, 'hidden');
  });

  it('are at most ten a second for a hundred changes a second, and the last one is shown', async () => {
    const mounted = await drawn({ sample: 'running' });
    const renders = countRenders(mounted);
    for (let change = 0; change < 100; change += 1) {
      const progress = { ...SAMPLES.running, revision: change + 2, progressPercent: change / 2 };
      mounted.client.show({ progress });
      await clock.advance(10);
    }
    expect(renders()).to.be.within(10, 11); // at both ends of the second
    await clock.advance(100);
    expect(mounted.text('percent')).to.equal('49%');
  });

  it('of many elements come together, at most twenty-five in a frame', async () => {
    const mountings = Array.from({ length: 60 }, () => mount({ sample: 'running' }));
    await clock.advance(400);
    const mounted = await Promise.all(mountings);
    const counts = mounted.map(countRenders);
    const drawn = (): number => counts.filter((renders) => renders() > 0).length;
    for (const { client } of mounted) client.show({ progress: { ...SAMPLES.running, revision: 2 } });
    const seen: number[] = [];
    for (const ms of [0, 99, 1, 16, 16]) {
      await clock.advance(ms);
      seen.push(drawn());
    }
    expect(seen).to.deep.equal([1, 1, 26, 51, 60]);
    expect(Math.max(...counts.map((renders) => renders()))).to.equal(1);
  });

  it('do not happen while the page is hidden; the last state is there when it is shown', async () => {
    const mounted = await drawn({ sample: 'running' });
    const heard: string[] = [];
    mounted.element.addEventListener('ingestion-progress', (event) => heard.push(event.type));
    setHidden(true);
    const renders = countRenders(mounted);
    for (let percent = 40; percent < 60; percent += 1) {
      const progress = { ...SAMPLES.running, revision: percent, progressPercent: percent };
      mounted.client.show({ progress });
      mounted.client.emit('progress', { progress });
    }
    await clock.advance(MINUTE_MS);
    expect([renders(), heard.length]).to.deep.equal([0, 20]);
    setHidden(false);
    await clock.advance(0);
    expect([renders(), mounted.text('percent')]).to.deep.equal([1, '59%']);
  });

  it('stop with the element: no timer waits after it is gone, no listener stays', async () => {
    const mounted = await drawn({ sample: 'running' });
    mounted.client.show({ progress: { ...SAMPLES.running, revision: 2 } });
    mounted.element.remove();
    await turn();
    const renders = countRenders(mounted);
    expect([mounted.client.listenerCount, clock.pending]).to.deep.equal([0, 0]);
    await clock.advance(MINUTE_MS);
    expect(renders()).to.equal(0);
    document.body.append(mounted.element);
    await clock.advance(0);
    expect(renders()).to.be.greaterThan(0);
    expect(mounted.client.calls).to.deep.equal([]);
  });

  it('come once a second while ages are counted', async () => {
    const mounted = await drawn({ sample: 'running' });
    const renders = countRenders(mounted);
    await clock.advance(10_500);
    expect(renders()).to.equal(10);
  });

  it('need no timer once the ingestion has ended and all is well', async () => {
    const mounted = await drawn({ sample: 'completed' });
    mounted.client.advance(4000);
    mounted.element.requestUpdate();
    await clock.advance(1000);
    expect(clock.pending).to.equal(0);
  });
});
