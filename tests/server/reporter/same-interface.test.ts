/** A job may move between the server's process and one of its own: the handles have the same methods. */
import { expect, expectTypeOf, it, onTestFinished } from 'vitest';
import type { IngestionRun } from '@ingestion-progress/server';
import { createReporter, type ReporterRun } from '../../../server/reporter/index.js';
import { startTestServer, tokenFor } from '../../integration/support/running-server.js';

/** What a job calls a member with, or reads of it. What a method answers differs: a reporter has no state. */
type Called<Run> = {
  [Name in keyof Run]: Run[Name] extends (...parameters: infer Parameters) => unknown
    ? Parameters
    : Run[Name];
};

it('has the members of the in-process handle, with the same parameters', async () => {
  expectTypeOf<Called<ReporterRun>>().toEqualTypeOf<Called<IngestionRun>>();
  const { server, url } = await startTestServer();
  const reporter = createReporter({
    endpoint: `${url}/graphql`,
    projectId: 'p1',
    token: tokenFor({ scope: 'progress:write' }),
  });
  onTestFinished(() => reporter.dispose());
  const there = await reporter.startIngestion();
  await there.emitComplete({});
  const here = await server.emitter.startIngestion('p1');
  expect(Object.keys(there)).toEqual(expect.arrayContaining(Object.keys(here)));
});

it('reports what the in-process handle does: phases that overlap, a wait, a pause, a part', async () => {
  const { server, url, get } = await startTestServer();
  const reporter = createReporter({
    endpoint: `${url}/graphql`,
    projectId: 'p1',
    token: tokenFor({ scope: 'progress:write' }),
  });
  onTestFinished(() => reporter.dispose());
  const work = async (run: ReporterRun | IngestionRun) => {
    const state = async () => {
      await run.flush();
      return (await (await get('/api/projects/p1/progress')).json()) as unknown;
    };
    await run.reportWaiting({ waitingFor: 'a worker', queuePosition: 2 });
    expect(await state()).toMatchObject({ waiting: { waitingFor: 'a worker', queuePosition: 2 } });
    await run.emitPhaseStarted(1, 'Reading');
    await run.emitPhaseStarted(2, 'Extracting', { keepRunning: true });
    run.emitProgressUpdate(1, null, { itemsProcessed: 3 }, { part: 'a', message: 'Page 3' });
    await run.heartbeat();
    expect(await state()).toMatchObject({
      currentPhase: 2,
      phases: [
        { status: 'RUNNING', message: 'Page 3', metrics: { itemsProcessed: 3 } },
        { status: 'RUNNING' },
      ],
    });
    await run.reportProblems([{ item: 'a.pdf', code: 'UNREADABLE', severity: 'ERROR', message: 'No text' }]);
    expect(await state()).toMatchObject({ problems: { errors: 1 } });
    await run.pause('Night', Date.now() + 3_600_000);
    expect(await state()).toMatchObject({ status: 'RUNNING', pause: { reason: 'Night' } });
    await run.resume();
    await run.completePhase(1);
    expect(await state()).toMatchObject({
      pause: null,
      phases: [{ status: 'COMPLETED' }, { status: 'RUNNING' }],
    });
    await run.emitComplete({});
    run.dispose();
  };
  const phases = [{ name: 'Read' }, { name: 'Extract' }];
  await work(await server.emitter.startIngestion('p1', { phases }));
  await work(await reporter.startIngestion({ phases }));
});

class NoTextLayer extends Error {}

it.each([
  ['an error that was thrown', new TypeError('x is not a function'), 'TYPE_ERROR', 'x is not a function'],
  ['one of the job', new NoTextLayer('Page 3 has no text'), 'NO_TEXT_LAYER', 'Page 3 has no text'],
  ['a text', 'disk full', 'ERROR', 'disk full'],
  ['nothing', undefined, 'ERROR', 'ERROR'],
  ['null', null, 'ERROR', 'ERROR'],
])('takes %s from a catch, as the in-process handle does', async (_, caught, errorCode, message) => {
  const { server, url, get } = await startTestServer();
  const reporter = createReporter({
    endpoint: `${url}/graphql`,
    projectId: 'p1',
    token: tokenFor({ scope: 'progress:write' }),
  });
  onTestFinished(() => reporter.dispose());
  for (const start of [() => server.emitter.startIngestion('p1'), () => reporter.startIngestion()]) {
    const run = await start();
    await run.emitPhaseStarted(1, 'Reading');
    await run.emitError(1, caught as Error);
    const state = (await (await get('/api/projects/p1/progress')).json()) as unknown;
    expect(state).toMatchObject({ status: 'FAILED', error: { phase: 1, errorCode, message } });
  }
  await server.emitter.emitPhaseStarted('p1', 1, 'Reading');
  const { error } = await server.emitter.emitError('p1', 1, caught as Error);
  expect(error).toMatchObject({ phase: 1, errorCode, message });
});
