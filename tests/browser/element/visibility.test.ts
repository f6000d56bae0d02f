/** Animations run in elements near the viewport, and in no others. */
import { expect } from '@esm-bundle/chai';
import { mount, type Mounted } from './support/mount.js';

/** Resolves once the element is marked as off screen, or as visible. */
async function untilOffscreen({ part }: Mounted, isOffscreen: boolean): Promise<void> {
  const base = part('base');
  if (base === null) throw new Error('Nothing is drawn.');
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (base.hasAttribute('data-offscreen') === isOffscreen) resolve();
    };
    new MutationObserver(look).observe(base, { attributes: true });
    look();
  });
}

function motionOf({ part }: Mounted): readonly string[] {
  const fill = part('segment-running')?.querySelector('.fill');
  if (!fill) throw new Error('No phase runs.');
  return [getComputedStyle(fill).transitionDuration, getComputedStyle(fill, '::after').animationName];
}

describe('An element off screen', () => {
  it('has everything drawn but moves nothing, until it is scrolled to', async () => {
    const space = document.createElement('div');
    space.style.blockSize = '5000px';
    document.body.append(space);
    try {
      const mounted = await mount({ sample: 'running' });
      await untilOffscreen(mounted, true);
      expect(motionOf(mounted)).to.deep.equal(['0s', 'none']);
      expect(mounted.text('percent')).to.equal('30%');
      mounted.element.scrollIntoView();
      await untilOffscreen(mounted, false);
      expect(motionOf(mounted)).to.deep.equal(['0.2s', 'sheen']);
    } finally {
      space.remove();
    }
  });
});
