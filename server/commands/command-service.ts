/** Requests to jobs and what they do to the state: checked, logged, carried, answered, and carried out where no job does. */
import { randomUUID } from 'node:crypto';
import {
  acknowledgementSchema,
  describeIssues,
  idSchema,
  isEnded,
  type IngestionCommand,
  type RecordedEvent,
} from '@ingestion-progress/schema';
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';
import type { Page, ProgressStore } from '../store/progress-store.js';
import { createCommands } from './command-exchange.js';
import type { CommandAnswer, CommandRequest } from '../ingestion/service-port.js';
import { touched } from '../progress/change.js';
import type { IngestionRecord } from '../progress/record.js';
import { recordedCommand } from '../progress/log-entry.js';
import type { Settled, Waiting } from '../ingestion/batch.js';

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

/** Entries of a log that are read at once for a command that this server did not hear. */
const LOG_PAGE = 500;
/** Ingestions of a project whose logs are looked through for one. */
const MOST_LOGS = 5;

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
    // Newest first; a retry may be of an earlier one than the latest.
    const { items } = await store.listIngestions(projectId, { first: MOST_LOGS, after: null });
    for (const { node } of items) {
      const found = await findIn(projectId, node.progress.id, commandId);
      if (found !== null) return found;
    }
    return null;
  };

  /** As the log of one ingestion tells it last. */
  const findIn = async (projectId: string, ingestionId: string, commandId: string) => {
    let found: IngestionCommand | null = null;
    for (let after: string | null = null; ;) {
      const { items, hasNextPage }: Page<RecordedEvent> = await store.listEvents(projectId, ingestionId, {
        first: LOG_PAGE,
        after,
      });
      for (const { node } of items) {
        const isOfIt = node.type === 'command' && node.id.startsWith(`${commandId}:`);
        if (isOfIt) found = node.payload as IngestionCommand;
      }
      after = items.at(-1)?.cursor ?? null;
      if (!hasNextPage || after === null) return found;
    }
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
    acknowledge: async (answer) => {
      const checked = acknowledgementSchema.safeParse(answer);
      if (!checked.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(checked.error));
      const { projectId, commandId, accepted, reason } = answer;
      const command = await commands.answer(projectId, commandId, accepted, reason);
      if (command.kind === 'CANCEL' && command.status === 'ACCEPTED') await noteTaken(command);
      return command;
    },
    watch: (projectId, listener) => commands.watch(projectId, listener),
    dispose: () => commands.dispose(),
  };
}
