/** Who listens to what within this process: listeners by key, told in the order of their coming. */
import type { Unsubscribe } from './event-bus.js';

/** A table of listeners. */
export interface ListenerTable<T> {
  /** Keys that somebody listens to. */
  readonly keys: () => readonly string[];
  /** Attaches a listener; what it returns takes it off again. `onLast` runs when the key's last one has gone. */
  add(key: string, listener: (message: T) => void, onLast?: () => void): Unsubscribe;
  /** Tells every listener of a key. */
  tell(key: string, message: T): void;
  /** True where somebody listens to the key. */
  has(key: string): boolean;
  /** Forgets every listener. */
  clear(): void;
}

/** Makes an empty table. */
export function createListenerTable<T>(): ListenerTable<T> {
  const table = new Map<string, Set<{ readonly listener: (message: T) => void }>>();
  return {
    keys: () => [...table.keys()],
    add: (key, listener, onLast) => {
      const entry = { listener };
      const entries = table.get(key) ?? new Set();
      table.set(key, entries.add(entry));
      return () => {
        if (!entries.delete(entry) || entries.size > 0 || table.get(key) !== entries) return;
        table.delete(key);
        onLast?.();
      };
    },
    tell: (key, message) => {
      for (const { listener } of [...(table.get(key) ?? [])]) listener(message);
    },
    has: (key) => table.has(key),
    clear: () => table.clear(),
  };
}
