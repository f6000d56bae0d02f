/** Listeners of a client, and how they are told. One that throws harms neither the others nor the client. */

/** Tells named events. */
export interface Emitter<Events> {
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  clear(): void;
}

/** Calls a host's function; what it throws becomes an uncaught error of the host's, not ours. */
export function callHost(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Makes one; `onSize` is told when the number of listeners changed. */
export function createEmitter<Events>(onSize: (size: number) => void): Emitter<Events> {
  interface Entry {
    readonly name: keyof Events;
    readonly tell: (event: never) => void;
  }
  const entries = new Set<Entry>();
  return {
    on(name, listener) {
      const entry: Entry = { name, tell: listener };
      entries.add(entry);
      onSize(entries.size);
      return () => {
        if (entries.delete(entry)) onSize(entries.size);
      };
    },
    emit(name, event) {
      for (const entry of [...entries]) {
        if (entry.name === name && entries.has(entry)) {
          callHost(() => {
            entry.tell(event as never);
          });
        }
      }
    },
    clear: () => {
      entries.clear();
    },
  };
}
