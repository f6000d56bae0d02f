/**
 * Retry and cancel: a person's request goes to the job, on whatever server it listens, and the job's answer comes back.
 * Both are logged, and a cancel request is kept in the ingestion's state, so that the server can execute it without a job.
 */
import { randomUUID } from 'node:crypto';
import {
  acknowledgementSchema,
  describeIssues,
  idSchema,
  isEnded,
  type IngestionCommand,
  type RecordedEvent,
} from '@ingestion-progress/schema';
import type { BusMessage, EventBus } from '../bus/event-bus.js';
import type { Logger } from '../observability/logger.js';
import { patch, type ChangeResult } from '../progress/change.js';
import { commandEntry } from '../progress/log-entry.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Reducer } from '../progress/reduce.js';
import { createBoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { Unsubscribe } from '../shared/unsubscribe.js';
import type { Page, ProgressStore } from '../store/progress-store.js';

/** How long a job has to accept or reject a command, in milliseconds. */
export const NO_RECEIVER_AFTER_MS = 5_000;
/** How long a command is remembered for a late answer, in milliseconds, and how many are. */
const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 10_000;
/** Log entries read at once to find a command that this server does not remember. */
const LOG_PAGE = 500;
/** Ingestions of a project whose logs are searched for one. */
const MAX_LOGS = 5;

/** A person's request to a job. */
export interface CommandRequest {
  readonly kind: 'RETRY' | 'CANCEL';
  readonly projectId: string;
  readonly ingestionId: string;
  readonly fromPhase: number | null;
  readonly requestedBy: string;
}

/** A job's answer to a command. */
export interface CommandAnswer {
  readonly projectId: string;
  readonly commandId: string;
  readonly accepted: boolean;
  readonly reason: string | null;
}

/** Options of the command service. */
export interface CommandServiceOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly read: (projectId: string, ingestionId?: string | null) => Promise<IngestionRecord | null>;
  readonly submit: (projectId: string, reducer: Reducer, isEnding: boolean) => Promise<ChangeResult>;
}

/** See the file's head. */
export interface CommandService {
  /** Resolves once answered, or as NO_RECEIVER. */
  request(request: CommandRequest): Promise<IngestionCommand>;
  acknowledge(answer: CommandAnswer): Promise<IngestionCommand>;
  /** Pending commands of a project, for its jobs. Resolves once attached. */
  watch(projectId: string, listener: (command: IngestionCommand) => void): Promise<Unsubscribe>;
  dispose(): void;
}

/** Creates the command service. */
export function createCommandService(options: CommandServiceOptions): CommandService {
  const { store, bus, clock, logger, read, submit } = options;
  const recent = createBoundedMap<IngestionCommand>({
    ...{ maxEntries: MAX_REMEMBERED, ttlMs: REMEMBERED_MS, clock },
  });
  const remember = (command: IngestionCommand) => recent.set(command.id, command);

  /** The command as an ingestion's log has it last. */
  const findInLog = async (projectId: string, ingestionId: string, commandId: string) => {
    let found: IngestionCommand | null = null;
    for (let after: string | null = null; ;) {
      const page = { first: LOG_PAGE, after };
      const { items, hasNextPage }: Page<RecordedEvent> = await store.listEvents(
        projectId,
        ingestionId,
        page,
      );
      for (const { node } of items) {
        const isMatch = node.type === 'command' && node.id.startsWith(`${commandId}:`);
        if (isMatch) found = node.payload as IngestionCommand;
      }
      after = items.at(-1)?.cursor ?? null;
      if (!hasNextPage || after === null) return found;
    }
  };

  const find = async (projectId: string, commandId: string): Promise<IngestionCommand | null> => {
    const known = recent.get(commandId);
    if (known !== undefined) return known;
    // Newest first; a retry may be of an ingestion before the latest.
    const { items } = await store.listIngestions(projectId, { first: MAX_LOGS, after: null });
    for (const { node } of items) {
      const found = await findInLog(projectId, node.progress.id, commandId);
      if (found !== null) return found;
    }
    return null;
  };

  const log = async (command: IngestionCommand) => {
    const { id, kind, projectId, ingestionId, status, requestedBy } = command;
    logger.info(
      { commandId: id, kind, projectId, ingestionId, status, requestedBy },
      'command status changed',
    );
    const latest = await read(projectId).catch(() => null);
    const entry = commandEntry(command, latest?.progress.revision ?? 0, clock.now());
    await store.appendEvents(projectId, ingestionId, [entry]).catch((cause: unknown) => {
      logger.warn({ commandId: id, projectId, ingestionId, cause }, 'command not added to the event log');
    });
  };

  const publish = async (command: IngestionCommand) => {
    await bus.publishCommand(command).catch((cause: unknown) => {
      const { id: commandId, projectId, status } = command;
      logger.warn({ commandId, projectId, status, cause }, 'command published on this server only');
    });
  };

  /** Publishes a command, and waits for its answer. */
  const send = async (command: IngestionCommand): Promise<IngestionCommand> => {
    let answer: (answered: IngestionCommand) => void = () => undefined;
    const answered = new Promise<IngestionCommand>((resolve) => (answer = resolve));
    const unsubscribe = await bus.subscribe(command.projectId, (message: BusMessage) => {
      if (message.kind !== 'command' || message.command.id !== command.id) return;
      if (message.command.status !== 'PENDING') answer(message.command);
    });
    const cancelTimeout = clock.setTimer(NO_RECEIVER_AFTER_MS, () =>
      answer({ ...command, status: 'NO_RECEIVER' }),
    );
    remember(command);
    try {
      await publish(command);
      const outcome = await answered;
      remember(outcome);
      return outcome;
    } finally {
      cancelTimeout();
      unsubscribe();
    }
  };

  /** Notes in the state that a person asked to cancel. */
  const noteRequest = ({ projectId, ingestionId, requestedBy }: CommandRequest) =>
    submit(
      projectId,
      (base, nowMs) => {
        if (base === null || base.progress.id !== ingestionId)
          return rejected(`Ingestion ${ingestionId} is not this project's latest.`);
        if (isEnded(base.progress)) return rejected(`Ingestion ${ingestionId} has ended.`);
        if (!base.progress.cancellable) return rejected(`Ingestion ${ingestionId} is not cancellable.`);
        if (base.progress.cancelRequestedAt !== null) return { kind: 'duplicate' };
        const record = { ...base, cancelRequestedBy: requestedBy };
        const change = patch(record, nowMs, { cancelRequestedAt: nowMs }, { type: 'snapshot' });
        return { kind: 'changed', change, delivery: 'immediate' };
      },
      false,
    );

  /** Notes in the state that a job accepted the request, so that the server does not cancel by itself. */
  const noteAccepted = ({ projectId, ingestionId }: IngestionCommand) =>
    submit(
      projectId,
      (base, nowMs) => {
        if (base === null || base.progress.id !== ingestionId || isEnded(base.progress))
          return { kind: 'duplicate' };
        if (base.cancelTaken === true) return { kind: 'duplicate' };
        const change = patch({ ...base, cancelTaken: true }, nowMs, {}, { type: 'snapshot' });
        return { kind: 'changed', change, delivery: 'immediate' };
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
      if (kind === 'CANCEL') await noteRequest(request);
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
      const answered = await send(command);
      await log(answered);
      return answered;
    },

    acknowledge: async (answer) => {
      const checked = acknowledgementSchema.safeParse(answer);
      if (!checked.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(checked.error));
      const { projectId, commandId, accepted, reason } = answer;
      const command = await find(projectId, commandId);
      if (command === null || command.projectId !== projectId) {
        throw new ProgressError('NOT_FOUND', `Project ${projectId} has no command ${commandId}.`);
      }
      const isAnswered = command.status === 'ACCEPTED' || command.status === 'REJECTED';
      const answered: IngestionCommand = isAnswered
        ? command
        : { ...command, status: accepted ? 'ACCEPTED' : 'REJECTED', reason: accepted ? null : reason };
      if (!isAnswered) {
        remember(answered);
        await publish(answered);
      }
      if (answered.kind === 'CANCEL' && answered.status === 'ACCEPTED') await noteAccepted(answered);
      return answered;
    },

    watch: async (projectId, listener) => {
      const unsubscribe = await bus.subscribe(projectId, (message) => {
        if (message.kind !== 'command') return;
        remember(message.command);
        if (message.command.status === 'PENDING') listener(message.command);
      });
      // A job that reconnects within the 5 s still receives what is pending, oldest first.
      for (const command of [...recent.values()].reverse()) {
        if (command.projectId === projectId && command.status === 'PENDING') listener(command);
      }
      return unsubscribe;
    },

    dispose: () => recent.clear(),
  };
}

const rejected = (message: string) => ({ kind: 'rejected', message }) as const;
