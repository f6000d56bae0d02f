/** Requests to jobs and what they do to the state: checked, logged, carried, answered, and carried out where no job does. */
import { randomUUID } from 'node:crypto';
import { describeIssues, idSchema, isEnded, type IngestionCommand } from '@ingestion-progress/schema';
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import type { Clock } from '../clock.js';
import { ProgressError } from '../errors.js';
import type { Logger } from '../observability/logger.js';
import type { ProgressStore } from '../store/progress-store.js';
import { createCommands } from './commands.js';
import type { CommandAnswer, CommandRequest } from './service-port.js';
import { touched } from './draft.js';
import type { IngestionRecord } from './record.js';
import { recordedCommand } from './recorded-event.js';
import type { Settled, Waiting } from './waiting-report.js';

/** Options of the desk. */
export interface CommandDeskOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly read: (projectId: string, ingestionId?: string | null) => Promise<IngestionRecord | null>;
  readonly change: (projectId: string, fold: Waiting['fold'], isEnding: boolean) => Promise<Settled>;
}

/** Where people ask and jobs answer. */
export interface CommandDesk {
  request(request: CommandRequest): Promise<IngestionCommand>;
  acknowledge(answer: CommandAnswer): Promise<IngestionCommand>;
  watch(projectId: string, listener: (command: IngestionCommand) => void): Promise<Unsubscribe>;
  dispose(): void;
}

/** How many entries of the log are looked through for a command that this server did not hear. */
const LOG_PAGE = 500;

/** Makes the desk. */
export function createCommandDesk({
  store,
  bus,
  clock,
  logger,
  read,
  change,
}: CommandDeskOptions): CommandDesk {
  const find = async (projectId: string, commandId: string): Promise<IngestionCommand | null> => {
    const latest = await read(projectId);
    if (latest === null) return null;
    const page = await store.listEvents(projectId, latest.progress.id, { first: LOG_PAGE, after: null });
    const entry = page.items.findLast(
      ({ node }) => node.type === 'command' && node.id.startsWith(`${commandId}:`),
    );
    return entry === undefined ? null : (entry.node.payload as IngestionCommand);
  };
  const commands = createCommands({ bus, clock, logger, find });

  const log = async (command: IngestionCommand) => {
    const { id, kind, projectId, ingestionId, status, requestedBy } = command;
    logger.info({ commandId: id, kind, projectId, ingestionId, status, requestedBy }, 'command');
    const latest = await read(projectId).catch(() => null);
    const entry = recordedCommand(command, latest?.progress.revision ?? 0, clock.now());
    await store.appendEvents(projectId, ingestionId, [entry]).catch((cause: unknown) => {
      logger.warn({ commandId: id, projectId, ingestionId, cause }, 'a command was not logged');
    });
  };

  const rejected = (message: string) => ({ kind: 'rejected', message }) as const;

  /** Notes in the state that a person asked. */
  const noteCancel = ({ projectId, ingestionId, requestedBy }: CommandRequest) =>
    change(
      projectId,
      (base, nowMs) => {
        if (base === null || base.progress.id !== ingestionId)
          return rejected(`Ingestion ${ingestionId} is not the latest.`);
        if (isEnded(base.progress)) return rejected(`Ingestion ${ingestionId} has ended.`);
        if (!base.progress.cancellable)
          return rejected(`Ingestion ${ingestionId} does not listen to a cancel request.`);
        if (base.progress.cancelRequestedAt !== null) return { kind: 'repeated' };
        const draft = touched(
          { ...base, cancelRequestedBy: requestedBy },
          nowMs,
          { cancelRequestedAt: nowMs },
          { type: 'snapshot' },
        );
        return { kind: 'changed', draft, manner: 'now', ignored: false };
      },
      false,
    );

  /** Notes that a job took the request, so that the server does not cancel by itself. */
  const noteTaken = ({ projectId, ingestionId }: IngestionCommand) =>
    change(
      projectId,
      (base, nowMs) => {
        if (base === null || base.progress.id !== ingestionId || isEnded(base.progress))
          return { kind: 'repeated' };
        if (base.cancelTaken === true) return { kind: 'repeated' };
        const draft = touched({ ...base, cancelTaken: true }, nowMs, {}, { type: 'snapshot' });
        return { kind: 'changed', draft, manner: 'now', ignored: false };
      },
      false,
    );

  return {
    request: async (request) => {
      const { kind, projectId, ingestionId, fromPhase, requestedBy } = request;
      for (const id of [projectId, ingestionId]) {
        const checked = idSchema.safeParse(id);
        if (!checked.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(checked.error));
      }
      if (fromPhase !== null && ![1, 2, 3, 4].includes(fromPhase)) {
        throw new ProgressError('BAD_USER_INPUT', 'fromPhase: must be 1 to 4');
      }
      const record = await read(projectId, ingestionId);
      if (record === null) {
        throw new ProgressError('NOT_FOUND', `Project ${projectId} has no ingestion ${ingestionId}.`);
      }
      if (kind === 'CANCEL') await noteCancel(request);
      else {
        const latest = await read(projectId);
        if (latest?.progress.status === 'RUNNING') {
          throw new ProgressError('CONFLICT', `Ingestion ${latest.progress.id} of this project is running.`);
        }
      }
      const command: IngestionCommand = {
        id: randomUUID(),
        kind,
        projectId,
        ingestionId,
        fromPhase: kind === 'RETRY' ? fromPhase : null,
        requestedBy,
        requestedAt: clock.now(),
        status: 'PENDING',
        reason: null,
      };
      await log(command);
      const answered = await commands.send(command);
      await log(answered);
      return answered;
    },
    acknowledge: async ({ projectId, commandId, accepted, reason }) => {
      const command = await commands.answer(projectId, commandId, accepted, reason);
      if (command.kind === 'CANCEL' && command.status === 'ACCEPTED') await noteTaken(command);
      return command;
    },
    watch: (projectId, listener) => commands.watch(projectId, listener),
    dispose: () => commands.dispose(),
  };
}
