/**
 * Retry and cancel: from a person to the job, on whatever server it listens, and the job's answer back. Leaves what a
 * cancel request does to the state to the service.
 */
import type { IngestionCommand } from '@ingestion-progress/schema';
import type { BusMessage, EventBus, Unsubscribe } from '../bus/event-bus.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';

/** How long a job has to take a command, in milliseconds. */
export const NO_RECEIVER_AFTER_MS = 5_000;
/** How long a command is remembered for an answer that comes late, in milliseconds. */
const REMEMBERED_MS = 60_000;

/** Options of the commands. */
export interface CommandsOptions {
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Looks up a command that this server did not hear itself. */
  readonly find: (projectId: string, commandId: string) => Promise<IngestionCommand | null>;
}

/** Carries commands. */
export interface Commands {
  /** Resolves once answered, or NO_RECEIVER. */
  send(command: IngestionCommand): Promise<IngestionCommand>;
  answer(
    projectId: string,
    commandId: string,
    accepted: boolean,
    reason: string | null,
  ): Promise<IngestionCommand>;
  watch(projectId: string, listener: (command: IngestionCommand) => void): Promise<Unsubscribe>;
  dispose(): void;
}

/** Makes the carrier of commands. */
export function createCommands({ bus, clock, logger, find }: CommandsOptions): Commands {
  const heard = new Map<string, { command: IngestionCommand; forget: () => void }>();

  const remember = (command: IngestionCommand) => {
    heard.get(command.id)?.forget();
    const stop = clock.setTimer(REMEMBERED_MS, () => heard.delete(command.id));
    heard.set(command.id, { command, forget: stop });
  };

  /** A bus that is away told those of this server; the others do not hear, which the answer then says. */
  const publish = async (command: IngestionCommand) => {
    await bus.publishCommand(command).catch((cause: unknown) => {
      const { id: commandId, projectId, status } = command;
      logger.warn({ commandId, projectId, status, cause }, 'a command was told on this server only');
    });
  };

  return {
    send: async (command) => {
      let tell: (answered: IngestionCommand) => void = () => undefined;
      const answered = new Promise<IngestionCommand>((resolve) => (tell = resolve));
      const listen = (message: BusMessage) => {
        if (message.kind !== 'command' || message.command.id !== command.id) return;
        if (message.command.status !== 'PENDING') tell(message.command);
      };
      const stop = await bus.subscribe(command.projectId, listen);
      const stopTimer = clock.setTimer(NO_RECEIVER_AFTER_MS, () => tell({ ...command, status: 'NO_RECEIVER' }));
      remember(command);
      try {
        await publish(command);
        const outcome = await answered;
        remember(outcome);
        return outcome;
      } finally {
        stopTimer();
        stop();
      }
    },

    answer: async (projectId, commandId, accepted, reason) => {
      const command = heard.get(commandId)?.command ?? (await find(projectId, commandId));
      if (command === null || command.projectId !== projectId) {
        throw new ProgressError('NOT_FOUND', `Project ${projectId} has no command ${commandId}.`);
      }
      if (command.status === 'ACCEPTED' || command.status === 'REJECTED') return command;
      const status = accepted ? 'ACCEPTED' : 'REJECTED';
      const answered: IngestionCommand = { ...command, status, reason: accepted ? null : reason };
      remember(answered);
      await publish(answered);
      return answered;
    },

    watch: async (projectId, listener) => {
      const stop = await bus.subscribe(projectId, (message) => {
        if (message.kind !== 'command') return;
        remember(message.command);
        if (message.command.status === 'PENDING') listener(message.command);
      });
      // A job that comes back within the 5 s still takes what waits.
      for (const { command } of heard.values()) {
        if (command.projectId === projectId && command.status === 'PENDING') listener(command);
      }
      return stop;
    },

    dispose: () => {
      for (const { forget } of heard.values()) forget();
      heard.clear();
    },
  };
}
