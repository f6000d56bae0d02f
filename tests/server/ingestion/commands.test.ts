import type { IngestionCommand } from '@ingestion-progress/schema';
import { expect, test } from 'vitest';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { CancelRequested } from '../../../server/emitter/run.js';
import { createManualClock, settle } from '../../support/manual-clock.js';
import { createFaultyStore } from './faulty-store.js';
import { startHarness } from './harness.js';
import { createSharedBus } from './shared-bus.js';

const ask = (kind: 'RETRY' | 'CANCEL', ingestionId: string, fromPhase: number | null = null) => ({
  kind,
  projectId: 'p',
  ingestionId,
  fromPhase,
  requestedBy: 'alice',
});

async function two() {
  const clock = createManualClock();
  const store = createFaultyStore();
  const end = createSharedBus(clock);
  const a = await startHarness({ clock, store, bus: end() });
  const b = await startHarness({ clock, store, bus: end() });
  return { clock, a, b, store };
}

test('a cancel asked on one server reaches the job on another, which confirms it', async () => {
  const { a, b } = await two();
  const run = await a.emitter.startIngestion('p', { cancellable: true });
  const heard = await b.watch('p');
  const command = await b.service.requestCommand(ask('CANCEL', run.ingestionId));
  expect(command).toMatchObject({ status: 'ACCEPTED', kind: 'CANCEL', requestedBy: 'alice' });
  expect(run.signal.reason).toBeInstanceOf(CancelRequested);
  expect(run.cancelRequested).toBe(true);
  expect(heard[0]).toMatchObject({
    payload: { type: 'snapshot' },
    progress: { cancelRequestedAt: expect.any(Number) as number },
  });
  await run.confirmCancelled();
  expect(heard.at(-1)?.payload).toEqual({ type: 'cancelled', requestedBy: 'alice' });
});

test('a cancel that a job took is not carried out over its head', async () => {
  const { a, clock } = await two();
  const run = await a.emitter.startIngestion('p', { cancellable: true });
  await a.service.requestCommand(ask('CANCEL', run.ingestionId));
  await clock.advance(60_000);
  expect((await a.service.read('p'))?.progress.status).toBe('RUNNING');
});

test('a cancel that no job took is NO_RECEIVER after 5 s, and carried out by the server after 30', async () => {
  const { b, clock } = await two();
  await b.service.start({ projectId: 'p', ingestionId: 'i', cancellable: true }, 'elsewhere');
  const answer = b.service.requestCommand(ask('CANCEL', 'i'));
  await clock.advance(5_000);
  expect(await answer).toMatchObject({ status: 'NO_RECEIVER' });
  await clock.advance(24_000);
  expect((await b.service.read('p'))?.progress.status).toBe('RUNNING');
  await clock.advance(7_000);
  expect((await b.service.read('p'))?.progress.status).toBe('CANCELLED');
});

test('a cancel is a conflict where the ingestion is not cancellable or has ended', async () => {
  const { emitter, service } = await startHarness();
  const run = await emitter.startIngestion('p');
  await expect(service.requestCommand(ask('CANCEL', run.ingestionId))).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  await run.emitComplete({});
  await expect(service.requestCommand(ask('CANCEL', run.ingestionId))).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  await expect(service.requestCommand(ask('CANCEL', 'nobody'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a retry asked on one server starts the job on another, at the phase asked for', async () => {
  const { a, b } = await two();
  const run = await a.emitter.startIngestion('p');
  await run.emitError(null, { errorCode: 'BROKEN', message: 'broken', recoverable: false });
  await a.emitter.onRetry('p', async (command) => {
    await a.emitter.startIngestion('p', { retryOf: command.ingestionId, fromPhase: command.fromPhase ?? 1 });
  });
  const command = await b.service.requestCommand(ask('RETRY', run.ingestionId, 3));
  expect(command.status).toBe('ACCEPTED');
  expect((await b.service.read('p'))?.progress).toMatchObject({
    retryOf: run.ingestionId,
    fromPhase: 3,
    status: 'RUNNING',
  });
});

test('a retry is a conflict while one runs', async () => {
  const { emitter, service } = await startHarness();
  const run = await emitter.startIngestion('p');
  await expect(service.requestCommand(ask('RETRY', run.ingestionId))).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

test('a job that refuses says why; a handler that throws refuses', async () => {
  const { emitter, service } = await startHarness();
  const run = await emitter.startIngestion('p');
  await run.emitComplete({});
  const stop = await emitter.onRetry('p', () => ({ accepted: false, reason: 'The source is gone.' }));
  expect(await service.requestCommand(ask('RETRY', run.ingestionId))).toMatchObject({
    status: 'REJECTED',
    reason: 'The source is gone.',
  });
  stop();
  stop();
  await emitter.onRetry('p', () => {
    throw new Error('secret');
  });
  const refused = await service.requestCommand(ask('RETRY', run.ingestionId));
  expect(refused.status).toBe('REJECTED');
  expect(refused.reason).not.toContain('secret');
});

test('an answer may come to a server that never heard the command', async () => {
  const { a, b } = await two();
  await a.service.start({ projectId: 'p', ingestionId: 'i', cancellable: true }, 'elsewhere');
  const commands: IngestionCommand[] = [];
  await a.service.watchCommands('p', (command) => commands.push(command));
  const answer = a.service.requestCommand(ask('CANCEL', 'i'));
  await expect.poll(() => commands.length).toBe(1);
  const commandId = commands[0]?.id ?? '';
  const acknowledged = await b.service.acknowledgeCommand({
    projectId: 'p',
    commandId,
    accepted: true,
    reason: null,
  });
  expect(acknowledged.status).toBe('ACCEPTED');
  expect((await answer).status).toBe('ACCEPTED');
  await expect(
    b.service.acknowledgeCommand({ projectId: 'p', commandId: 'none', accepted: true, reason: null }),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an answer finds its command at the end of a long log, and in that of an earlier ingestion', async () => {
  const { a, b, store } = await two();
  const { listEvents } = store;
  store.listEvents = (projectId, ingestionId, { after }) =>
    listEvents(projectId, ingestionId, { first: 2, after });
  const earlier = await a.emitter.startIngestion('p', { ingestionId: 'earlier' });
  for (const phase of [1, 2, 3]) await earlier.emitPhaseStarted(phase, 'Reading');
  await earlier.emitComplete({});
  await (await a.emitter.startIngestion('p', { ingestionId: 'later' })).emitComplete({});
  const commands: IngestionCommand[] = [];
  await a.service.watchCommands('p', (command) => commands.push(command));
  const answer = a.service.requestCommand(ask('RETRY', 'earlier'));
  await expect.poll(() => commands.length).toBe(1);
  const commandId = commands[0]?.id ?? '';
  await b.service.acknowledgeCommand({ projectId: 'p', commandId, accepted: false, reason: 'no' });
  expect(await answer).toMatchObject({ status: 'REJECTED', reason: 'no' });
});

test('an answer has a reason of at most 500 characters', async () => {
  const { service } = await startHarness();
  const answer = { projectId: 'p', commandId: 'c', accepted: false };
  const reason = (length: number) =>
    service.acknowledgeCommand({ ...answer, reason: 'x'.repeat(length) }).catch(({ code }) => code);
  expect(await Promise.all([reason(500), reason(501)])).toEqual(['NOT_FOUND', 'BAD_USER_INPUT']);
});

test('a run that was replaced listens no more', async () => {
  const clock = createManualClock();
  const bus = createMemoryBus({ clock });
  let listeners = 0;
  const subscribe: typeof bus.subscribe = async (...args) => {
    const unsubscribe = await bus.subscribe(...args);
    listeners += 1;
    return () => {
      listeners -= 1;
      unsubscribe();
    };
  };
  const { emitter } = await startHarness({ clock, bus: { ...bus, subscribe } });
  const first = await emitter.startIngestion('p', { cancellable: true });
  const second = await emitter.startIngestion('p', { cancellable: true, replace: true });
  expect(listeners).toBe(2);
  await expect(first.emitPhaseStarted(1, 'Reading')).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(first.signal.aborted).toBe(true);
  expect(listeners).toBe(1);
  await second.emitComplete({});
  expect(listeners).toBe(0);
});

test('a job that listens late still hears what waits', async () => {
  const { emitter, service } = await startHarness();
  const run = await emitter.startIngestion('p');
  await run.emitComplete({});
  const answer = service.requestCommand(ask('RETRY', run.ingestionId));
  await settle();
  await emitter.onRetry('p', () => true);
  expect((await answer).status).toBe('ACCEPTED');
});

test('commands and their answers stand in the log', async () => {
  const { emitter, service } = await startHarness();
  const run = await emitter.startIngestion('p', { cancellable: true });
  await service.requestCommand(ask('CANCEL', run.ingestionId));
  const { items } = await service.ingestionEvents('p', run.ingestionId, { first: 100, after: null });
  const commands = items
    .filter(({ node }) => node.type === 'command')
    .map(({ node }) => (node.payload as IngestionCommand).status);
  expect(commands.sort()).toEqual(['ACCEPTED', 'PENDING']);
});
