/** A typed event emitter. A listener that throws affects neither the others nor the client. */

import { inThisZone } from './zones.js';

/** Emits named events. */
export interface Emitter<Events> {
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  clear(): void;
}

/** Calls a function of the host; if it throws, the error is reported as uncaught. */
export function callHost(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Makes an emitter; `onListenerCount` is called when the number of listeners changes. */
export function createEmitter<Events>(onListenerCount: (size: number) => void): Emitter<Events> {
  interface Entry {
    readonly name: keyof Events;
    readonly listener: (event: never) => void;
  }
  const entries = new Set<Entry>();
  return {
    on(name, listener) {
      const entry: Entry = { name, listener: inThisZone(listener) };
      entries.add(entry);
      onListenerCount(entries.size);
      return () => {
        if (entries.delete(entry)) onListenerCount(entries.size);
      };
    },
    emit(name, event) {
      for (const entry of [...entries]) {
        if (entry.name === name && entries.has(entry)) {
          callHost(() => {
            entry.listener(event as never);
          });
        }
      }
    },
    clear: () => {
      entries.clear();
    },
  };
}
