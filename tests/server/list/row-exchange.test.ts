/** What leaves a server for the lists of others: how much, how often, and to whom. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ROW_SHARDS, type EventBus, type RowBatch } from '../../../server/bus/event-bus.js';
import { createRowExchange, shardOf, type RowExchange } from '../../../server/list/row-exchange.js';
import { silentLogger } from '../../../server/observability/logger.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { recordOf } from '../../support/records.js';
import { createTube } from '../../support/own-adapters.js';

let clock: ManualClock;
let exchange: RowExchange;
let isHeard: boolean;
let hasPeers: boolean;
let sent: { readonly shard: number; readonly at: number; readonly rows: readonly string[] }[];

beforeEach(() => {
  clock = createManualClock();
  isHeard = true;
  hasPeers = true;
  sent = [];
  const tube = createTube()();
  const bus: EventBus = Object.assign(tube, {
    publishRows: async (shard: number, { rows }: RowBatch) => {
      const said = rows.map(({ projectId, revision }) => `${projectId}@${revision}`);
      sent.push({ shard, at: clock.monotonicNow(), rows: said });
      return isHeard;
    },
  });
  exchange = createRowExchange({
    ...{ bus, clock, logger: silentLogger, serverId: 'here' },
    hasPeers: () => hasPeers,
  });
});

const send = (revision: number, projectId = 'p', status: 'RUNNING' | 'COMPLETED' = 'RUNNING') =>
  exchange.send(recordOf({ projectId, revision, status }));

describe('rows for other servers', () => {
  it('go as one batch a second for each shard, with the newest of each project', async () => {
    for (let revision = 1; revision <= 30; revision += 1) {
      send(revision);
      send(revision, 'q');
      await clock.advance(100);
    }
    const ofP = sent.filter(({ shard }) => shard === shardOf('p'));
    expect(ofP.map(({ at }) => at)).toEqual([0, 1_000, 2_000, 3_000]);
    expect(ofP.flatMap(({ rows }) => rows.filter((row) => row.startsWith('p@')))).toEqual([
      'p@1',
      'p@10',
      'p@20',
      'p@30',
    ]);
  });

  it('say an ending at once, together with those at the same time', async () => {
    send(1);
    await clock.advance(10);
    send(2);
    send(3, 'p', 'COMPLETED');
    await clock.advance(60);
    expect(sent.map(({ rows }) => rows)).toEqual([['p@1'], ['p@3']]);
  });

  it('are not sent while there is no other server', async () => {
    hasPeers = false;
    send(1);
    send(2, 'p', 'COMPLETED');
    await clock.advance(2_000);
    expect(sent).toEqual([]);
  });

  it('are left out for 5 s where nobody listened, but for endings', async () => {
    isHeard = false;
    for (let revision = 1; revision <= 90; revision += 1) {
      if (revision === 25) send(revision, 'p', 'COMPLETED');
      else send(revision);
      await clock.advance(100);
    }
    expect(sent.map(({ rows }) => rows)).toEqual([['p@1'], ['p@25'], ['p@76']]);
  });

  it('are split into messages of a bounded size', async () => {
    const title = 'x'.repeat(200);
    const labels = Array.from({ length: 10 }, () => ({ name: 'n'.repeat(64), value: 'v'.repeat(128) }));
    for (let index = 0; index < 2_000; index += 1)
      exchange.send(recordOf({ projectId: `p${index}`, title, labels }));
    await clock.advance(0);
    const most = Math.max(...sent.map(({ rows }) => rows.length));
    expect(sent.flatMap(({ rows }) => rows)).toHaveLength(2_000);
    expect(new Set(sent.map(({ shard }) => shard)).size).toBe(ROW_SHARDS);
    expect(most * 4_000).toBeLessThan(300_000);
  });

  it('stop with the server', async () => {
    send(1);
    exchange.close();
    send(2);
    await clock.advance(2_000);
    expect(sent).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});
