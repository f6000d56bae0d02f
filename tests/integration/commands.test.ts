/** Jobs elsewhere and people, over GraphQL alone: reports, one ingestion taking over from another, retry and cancel. */
import type { IngestionCommand } from '@ingestion-progress/schema';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../support/manual-clock.js';
import { createInbox } from './support/inbox.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { RunningServer } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';

const JOB = { scope: 'progress:write' };
const PERSON = { sub: 'petra', scope: 'ingestion:control' };
const CANCEL = `mutation ($i: ID!) { cancelIngestion(projectId: "p1", ingestionId: $i) { status reason } }`;
const RETRY = `mutation ($i: ID!, $f: Int) {
  retryIngestion(projectId: "p1", ingestionId: $i, fromPhase: $f) { status reason }
}`;

function report(
  running: RunningServer,
  mutation: string,
  type: string,
  input: object,
  token = tokenFor(JOB),
) {
  return running.graphql(
    `mutation ($input: ${type}!) { it: ${mutation}(input: $input) { ${
      mutation === 'startIngestion' ? 'lastSequence subscriptionUrl pollUrl' : 'accepted'
    } progress { id status currentPhase } } }`,
    { input: { projectId: 'p1', ...input } },
    token,
  );
}

/** Listens as a job does, and answers each command. */
function listenAsJob(running: RunningServer, token: string, accepted: boolean) {
  const { client } = connectStock(running.wsUrl, { token });
  const commands = createInbox<IngestionCommand>('commands');
  client.subscribe<{ ingestionCommands: IngestionCommand }>(
    {
      query: `subscription { ingestionCommands(projectId: "p1") { id kind ingestionId fromPhase requestedBy status } }`,
    },
    {
      next: ({ data }) => {
        if (data === null || data === undefined) return;
        commands.put(data.ingestionCommands);
        void running.graphql(
          `mutation ($c: ID!, $a: Boolean!) {
            acknowledgeCommand(input: { projectId: "p1", commandId: $c, accepted: $a, reason: "busy" }) { status }
          }`,
          { c: data.ingestionCommands.id, a: accepted },
          token,
        );
      },
      error: () => undefined,
      complete: () => undefined,
    },
  );
  return commands;
}

describe('a job elsewhere', () => {
  it('reports a whole run by mutations, and watchers see it', async () => {
    const running = await startTestServer();
    const watch = watchStock(connectStock(running.wsUrl, { token: tokenFor() }), 'p1');
    await watch.events.next();
    const start = await report(running, 'startIngestion', 'StartIngestionInput', { ingestionId: 'i1' });
    expect(start.data?.['it']).toMatchObject({
      lastSequence: null,
      subscriptionUrl: running.wsUrl,
      pollUrl: `${running.url}/api/projects/p1/progress`,
      progress: { id: 'i1', status: 'RUNNING' },
    });
    const step = { ingestionId: 'i1', phase: 1 };
    await report(running, 'reportPhaseStarted', 'ReportPhaseStartedInput', { ...step, message: 'Looking' });
    const update = { ...step, sequence: 5, progressPercent: 50, metrics: { itemsProcessed: 5 } };
    const first = await report(running, 'reportProgress', 'ReportProgressInput', update);
    const again = await report(running, 'reportProgress', 'ReportProgressInput', update);
    expect([first.data?.['it'], again.data?.['it']]).toMatchObject([{ accepted: true }, { accepted: false }]);
    const end = { ingestionId: 'i1', result: { output: { index: ['a', 1] } } };
    await report(running, 'completeIngestion', 'CompleteIngestionInput', end);
    expect(await watch.ended).toBe('completed');
    expect(watch.events.all.at(-1)?.progress?.result?.output).toEqual({ index: ['a', 1] });
    const log = await running.graphql(
      `{ ingestionEvents(projectId: "p1", ingestionId: "i1") { edges { node { type } } }
         ingestions(projectId: "p1") { edges { node { id status } } pageInfo { hasNextPage } } }`,
    );
    expect(log.data?.['ingestions']).toEqual({
      edges: [{ node: { id: 'i1', status: 'COMPLETED' } }],
      pageInfo: { hasNextPage: false },
    });
    expect(JSON.stringify(log.data?.['ingestionEvents'])).toMatch(/ingestion_started.*ingestion_complete/);
  });

  // (invariant: authorized-on-every-path)
  it('needs progress:write for it, and reading needs less', async () => {
    const running = await startTestServer();
    const reader = await report(running, 'startIngestion', 'StartIngestionInput', {}, tokenFor());
    expect(reader.codes).toEqual(['FORBIDDEN']);
    const controller = await report(running, 'startIngestion', 'StartIngestionInput', {}, tokenFor(PERSON));
    expect(controller.codes).toEqual(['FORBIDDEN']);
    const { client } = connectStock(running.wsUrl, { token: tokenFor() });
    const refused = new Promise((resolve) => {
      client.subscribe(
        { query: 'subscription { ingestionCommands(projectId: "p1") { id } }' },
        { next: () => undefined, error: resolve, complete: () => undefined },
      );
    });
    expect(await refused).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});

describe('one ingestion that takes the place of another', () => {
  it('is passed on to by who watches without follow: replaced, or after a failure that was not final', async () => {
    const running = await startTestServer();
    const { emitter } = running.server;
    const watch = watchStock(connectStock(running.wsUrl, { token: tokenFor() }), 'p1');
    await emitter.startIngestion('p1');
    const second = await emitter.startIngestion('p1', { replace: true });
    await watch.events.until(({ progress }) => progress?.id === second.ingestionId);
    await second.emitError(1, { errorCode: 'AWAY', message: 'Away', recoverable: true });
    const third = await emitter.startIngestion('p1', { retryOf: second.ingestionId });
    const taken = await watch.events.until(({ progress }) => progress?.id === third.ingestionId);
    expect(taken.__typename).toBe('ProgressSnapshot');
    await third.emitComplete({});
    expect(await watch.ended).toBe('completed');
    const revisions = watch.events.all.map(({ revision }) => revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  });
});

describe('a person', () => {
  it('asks a job to cancel, and is told whether it does', async () => {
    const running = await startTestServer();
    await report(running, 'startIngestion', 'StartIngestionInput', { ingestionId: 'i1', cancellable: true });
    const commands = listenAsJob(running, tokenFor(JOB), true);
    await expect
      .poll(
        async () => (await running.graphql(CANCEL, { i: 'i1' }, tokenFor(PERSON))).data?.['cancelIngestion'],
      )
      .toEqual({ status: 'ACCEPTED', reason: null });
    expect(await commands.next()).toMatchObject({
      ...{ kind: 'CANCEL', ingestionId: 'i1', requestedBy: 'petra', status: 'PENDING' },
    });
    const done = await report(running, 'confirmCancelled', 'ConfirmCancelledInput', { ingestionId: 'i1' });
    expect(done.data?.['it']).toMatchObject({ accepted: true, progress: { status: 'CANCELLED' } });
  });

  it('asks for another go, and is told why not', async () => {
    const running = await startTestServer();
    const run = await running.server.emitter.startIngestion('p1', { ingestionId: 'i1' });
    expect((await running.graphql(RETRY, { i: 'i1' }, tokenFor(PERSON))).codes).toEqual(['CONFLICT']);
    await run.emitError(2, { errorCode: 'BROKEN', message: 'Broken', recoverable: false });
    const commands = listenAsJob(running, tokenFor(JOB), false);
    await expect
      .poll(async () => (await running.graphql(RETRY, { i: 'i1', f: 2 }, tokenFor(PERSON))).data)
      .toEqual({ retryIngestion: { status: 'REJECTED', reason: 'busy' } });
    expect(await commands.next()).toMatchObject({ kind: 'RETRY', fromPhase: 2 });
  });

  it('is told NO_RECEIVER after 5 s where no job listens, and FORBIDDEN without ingestion:control', async () => {
    const clock = createManualClock();
    const running = await startTestServer({ clock });
    const exp = Math.floor(clock.now() / 1_000) + 3_600;
    const token = tokenFor({ ...PERSON, exp });
    await report(
      running,
      'startIngestion',
      'StartIngestionInput',
      { ingestionId: 'i1', cancellable: true },
      tokenFor({ ...JOB, exp }),
    );
    expect((await running.graphql(CANCEL, { i: 'i1' }, tokenFor({ ...JOB, exp }))).codes).toEqual([
      'FORBIDDEN',
    ]);
    const asked = running.graphql(CANCEL, { i: 'i1' }, token);
    const before = clock.now();
    const turning = setInterval(() => void clock.advance(500), 5);
    const { data } = await asked;
    clearInterval(turning);
    expect(clock.now() - before).toBeGreaterThanOrEqual(5_000);
    expect(data).toEqual({ cancelIngestion: { status: 'NO_RECEIVER', reason: null } });
  });
});
