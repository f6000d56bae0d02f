/** Who counts as having come back. */
import { describe, expect, it } from 'vitest';
import { createComebacks } from '../../../server/observability/reconnect-counter.js';
import { createManualClock } from '../../support/manual-clock.js';

describe('who comes back', () => {
  it('is counted once for each connection that was lost, and nobody else is', () => {
    const comebacks = createComebacks(createManualClock());
    comebacks.came('new');
    comebacks.lost('two tabs');
    comebacks.lost('two tabs');
    for (let tab = 0; tab < 3; tab += 1) comebacks.came('two tabs');
    expect(comebacks.total).toBe(2);
  });

  it('is not counted after a minute', async () => {
    const clock = createManualClock();
    const comebacks = createComebacks(clock);
    comebacks.lost('late');
    comebacks.lost('in time');
    await clock.advance(60_000);
    comebacks.came('in time');
    await clock.advance(1);
    comebacks.came('late');
    expect(comebacks.total).toBe(1);
  });

  it('is remembered up to a bound', () => {
    const comebacks = createComebacks(createManualClock());
    for (let viewer = 0; viewer < 10_001; viewer += 1) comebacks.lost(`viewer-${viewer}`);
    comebacks.came('viewer-0');
    expect(comebacks.total).toBe(0);
    comebacks.came('viewer-10000');
    expect(comebacks.total).toBe(1);
  });
});
