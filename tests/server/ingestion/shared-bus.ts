/** A bus that several servers share, as Redis is, with a cable for each that can be pulled. */
import type { BusMessage, BusState, EventBus } from '../../../server/bus/event-bus.js';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import type { Clock } from '../../../server/shared/clock.js';
import { ProgressError } from '../../../server/shared/errors.js';

/** One server's end of the shared bus. */
export interface BusEnd extends EventBus {
  pull(): void;
  plug(): void;
}

/** Makes the shared bus; each call of the result is another server's end. */
export function createSharedBus(clock: Clock): () => BusEnd {
  const inner = createMemoryBus({ clock });
  return () => {
    let state: BusState = 'connected';
    const local = new Set<{ projectId: string; listener: (message: BusMessage) => void }>();
    const changes = new Set<(state: BusState) => void>();
    const reach = () => {
      if (state === 'disconnected') throw new ProgressError('UNAVAILABLE', 'The bus is away.');
    };
    const turn = (next: BusState) => {
      state = next;
      for (const listener of changes) listener(next);
    };
    return {
      ...inner,
      name: 'shared',
      sharedBetweenServers: true,
      get state() {
        return state;
      },
      pull: () => turn('disconnected'),
      plug: () => turn('connected'),
      open: async () => undefined,
      close: async () => undefined,
      ping: async () => reach(),
      subscribe: async (projectId, listener) => {
        const entry = { projectId, listener };
        local.add(entry);
        const stop = await inner.subscribe(projectId, (message) => {
          if (state === 'connected') listener(message);
        });
        return () => {
          local.delete(entry);
          stop();
        };
      },
      read: async (projectId) => {
        reach();
        return inner.read(projectId);
      },
      commit: async (change, baseRevision) => {
        reach();
        return inner.commit(change, baseRevision);
      },
      closeForEnding: async (...args) => {
        reach();
        return inner.closeForEnding(...args);
      },
      reopen: async (projectId, revision) => {
        reach();
        return inner.reopen(projectId, revision);
      },
      publishStored: async (change) => {
        if (state === 'connected') return inner.publishStored(change);
        for (const { projectId, listener } of [...local]) {
          if (projectId === change.record.progress.projectId) listener({ kind: 'change', change });
        }
      },
      publishCommand: async (command) => {
        reach();
        return inner.publishCommand(command);
      },
      onStateChange: (listener) => {
        changes.add(listener);
        return () => void changes.delete(listener);
      },
    };
  };
}
