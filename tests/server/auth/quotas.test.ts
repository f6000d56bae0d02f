/** What one viewer may have open, and how fast it may report: at the limit, and one past it. */
import { describe, expect, it } from 'vitest';
import { createQuotas } from '../../../server/auth/quotas.js';
import { silentLogger } from '../../../server/observability/logger.js';
import { createLimitLogger } from '../../../server/observability/limit-logger.js';
import { createManualClock } from '../../support/manual-clock.js';

function setUp() {
  const clock = createManualClock();
  const lines: object[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void lines.push(fields) };
  const limits = { subscriptions: 3, projects: 2, reportsPerSecond: 10, documentBytes: 100 };
  return { clock, lines, quotas: createQuotas(limits, createLimitLogger(logger, clock), clock) };
}

describe('a viewer', () => {
  it('may have as many subscriptions as the limit, over all its connections, and more once some are closed', () => {
    const { quotas } = setUp();
    for (let count = 0; count < 3; count += 1) quotas.acquireSubscription('anna', 'p1');
    expect(() => quotas.acquireSubscription('anna', 'p1')).toThrow('At most 3 subscriptions');
    quotas.acquireSubscription('bert', 'p1');
    quotas.releaseSubscription('anna', 'p1');
    quotas.acquireSubscription('anna', 'p1');
    expect(() => quotas.acquireSubscription('anna', 'p1')).toThrow('At most 3 subscriptions');
  });

  it('may watch by documents that together weigh as much as the limit, each counted once, for whoever opened it first', () => {
    const { quotas } = setUp();
    const [a, b] = [{ bytes: 60 }, { bytes: 60 }];
    quotas.acquireSubscription('anna', 'p1', a);
    quotas.acquireSubscription('anna', 'p1', a);
    expect(() => quotas.acquireSubscription('anna', 'p1', b)).toThrow('too many different documents');
    quotas.acquireSubscription('bert', 'p1', a);
    quotas.acquireSubscription('carl', 'p1', b);
    // It is in memory for as long as anybody has it open.
    quotas.releaseSubscription('anna', 'p1', a);
    quotas.releaseSubscription('anna', 'p1', a);
    const c = { bytes: 60 };
    expect(() => quotas.acquireSubscription('anna', 'p1', c)).toThrow('too many different documents');
    quotas.releaseSubscription('bert', 'p1', a);
    quotas.acquireSubscription('anna', 'p1', c);
  });

  it('may watch as many projects as the limit', () => {
    const { quotas } = setUp();
    quotas.acquireSubscription('anna', 'p1');
    quotas.acquireSubscription('anna', 'p2');
    expect(() => quotas.acquireSubscription('anna', 'p3')).toThrow('At most 2 projects');
    quotas.releaseSubscription('anna', 'p1');
    quotas.acquireSubscription('anna', 'p3');
  });

  it('may report as often as the limit, and again once time has passed', async () => {
    const { clock, quotas } = setUp();
    for (let count = 0; count < 10; count += 1) quotas.countReport('job');
    expect(() => quotas.countReport('job')).toThrow('At most 10 reports a second');
    quotas.countReport('other');
    await clock.advance(500);
    for (let count = 0; count < 5; count += 1) quotas.countReport('job');
    expect(() => quotas.countReport('job')).toThrow('At most 10 reports a second');
  });
});

describe('an offender', () => {
  it('is told of once a minute for each limit', async () => {
    const { clock, lines, quotas } = setUp();
    for (let count = 0; count < 100; count += 1) {
      try {
        quotas.countReport('job');
      } catch {
        // Counted below, by the lines.
        continue;
      }
    }
    expect(lines).toEqual([{ limit: 'reports a second', who: 'job', max: 10 }]);
    await clock.advance(60_000);
    for (let count = 0; count < 10; count += 1) quotas.countReport('job');
    expect(() => quotas.countReport('job')).toThrow();
    expect(lines.slice(1)).toEqual([
      { limit: 'reports a second', who: 'job', max: 10, count: 89 },
      { limit: 'reports a second', who: 'job', max: 10 },
    ]);
  });

  it('may send a burst of commands, then a few a second', async () => {
    const { clock, quotas, lines } = setUp();
    for (let count = 0; count < 30; count += 1) quotas.countCommand('anna');
    expect(() => quotas.countCommand('anna')).toThrow('At most 5 commands a second');
    quotas.countCommand('bert');
    await clock.advance(1_000);
    for (let count = 0; count < 5; count += 1) quotas.countCommand('anna');
    expect(() => quotas.countCommand('anna')).toThrow('At most 5 commands a second');
    expect(lines).toHaveLength(1);
  });

  it('has a budget of CPU that comes back with time, and is nobody else’s', async () => {
    const { clock, quotas } = setUp();
    quotas.chargeCpu('anna', 1_000);
    expect(() => quotas.checkCpu('anna')).toThrow('more than 200 ms of CPU a second');
    quotas.checkCpu('bert');
    await clock.advance(10);
    quotas.checkCpu('anna');
    quotas.chargeCpu('anna', 1_002);
    await clock.advance(4_000);
    expect(() => quotas.checkCpu('anna')).toThrow('CPU');
    await clock.advance(1_001);
    quotas.checkCpu('anna');
  });
});
