/** How often the element draws: at most ten times a second, never while hidden, and its events regardless. */
import { expect } from '@esm-bundle/chai';
import { SAMPLES } from '../../../storybook/samples.js';
import { mount, type Mounted } from './support/mount.js';
import { waitUntil } from './support/wait-until.js';

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
  afterEach(() => {
    Reflect.deleteProperty(document, 'hidden');
  });

  it('are at most ten a second for a hundred changes a second, and the last one is shown', async () => {
    const mounted = await mount({ sample: 'running' });
    const renders = countRenders(mounted);
    const startedAt = performance.now();
    let change = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(100, Math.floor((performance.now() - startedAt) / 10));
        for (; change < due; change += 1) {
          const progress = { ...SAMPLES.running, revision: change + 2, progressPercent: change / 2 };
          mounted.client.show({ progress });
        }
        if (change < 100) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    await mounted.settled();
    const seconds = (performance.now() - startedAt) / 1000;
    expect(renders()).to.be.at.most(Math.ceil(seconds * 10) + 1);
    expect(renders()).to.be.greaterThan(3);
    expect(mounted.text('percent')).to.equal('49%');
  });

  it('do not happen while the page is hidden; the last state is there when it is shown', async () => {
    const mounted = await mount({ sample: 'running' });
    const heard: string[] = [];
    mounted.element.addEventListener('ingestion-progress', (event) => heard.push(event.type));
    setHidden(true);
    const renders = countRenders(mounted);
    for (let percent = 40; percent < 60; percent += 1) {
      const progress = { ...SAMPLES.running, revision: percent, progressPercent: percent };
      mounted.client.show({ progress });
      mounted.client.emit('progress', { progress });
    }
    await new Promise((resolve) => setTimeout(resolve, 250)); // longer than two renders would take
    expect(renders()).to.equal(0);
    expect(heard.length).to.equal(20);
    setHidden(false);
    await waitUntil(() => mounted.text('percent') === '59%');
    expect(renders()).to.equal(1);
  });

  it('stop with the element: no timer draws after it is gone, no listener stays', async () => {
    const mounted = await mount({ sample: 'running' });
    const renders = countRenders(mounted);
    mounted.client.show({ progress: { ...SAMPLES.running, revision: 2 } });
    mounted.element.remove();
    await Promise.resolve();
    expect(mounted.client.listenerCount).to.equal(0);
    await new Promise((resolve) => setTimeout(resolve, 1200)); // longer than the second hand of its ages
    expect(renders()).to.equal(0);
    document.body.append(mounted.element);
    await mounted.settled();
    expect(renders()).to.be.greaterThan(0);
    expect(mounted.client.calls).to.deep.equal([]);
  });

  it('need no timer once the ingestion has ended and all is well', async () => {
    const mounted = await mount({ sample: 'completed' });
    mounted.client.advance(4000);
    mounted.element.requestUpdate();
    await mounted.settled();
    const renders = countRenders(mounted);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(renders()).to.equal(0);
  });
});
