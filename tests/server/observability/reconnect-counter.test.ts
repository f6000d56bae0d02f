/** Which connections count as reconnects. */
import { describe, expect, it } from 'vitest';
import { createReconnectCounter } from '../../../server/observability/reconnect-counter.js';
import { createManualClock } from '../../support/manual-clock.js';

describe('a reconnect', () => {
  it('is counted once for each connection that was lost, and for no other', () => {
    const counter = createReconnectCounter(createManualClock());
    counter.connected('new');
    counter.disconnected('two tabs');
    counter.disconnected('two tabs');
    for (let tab = 0; tab < 3; tab += 1) counter.connected('two tabs');
    expect(counter.total).toBe(2);
  });

  it('is not counted after a minute', async () => {
    const clock = createManualClock();
    const counter = createReconnectCounter(clock);
    counter.disconnected('late');
    counter.disconnected('in time');
    await clock.advance(60_000);
    counter.connected('in time');
    await clock.advance(1);
    counter.connected('late');
    expect(counter.total).toBe(1);
  });

  it('is remembered up to a bound', () => {
    const counter = createReconnectCounter(createManualClock());
    for (let viewer = 0; viewer < 10_001; viewer += 1) counter.disconnected(`viewer-${viewer}`);
    counter.connected('viewer-0');
    expect(counter.total).toBe(0);
    counter.connected('viewer-10000');
    expect(counter.total).toBe(1);
  });
});
