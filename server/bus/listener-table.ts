/** Listeners within this process by key, notified in the order in which they were added. */
import type { Unsubscribe } from '../shared/unsubscribe.js';

/** A table of listeners. */
export interface ListenerTable<T> {
  /** Keys with a listener. */
  readonly keys: () => readonly string[];
  /** Adds a listener; the result removes it. `onLast` runs once the key's last one is removed. */
  add(key: string, listener: (message: T) => void, onLast?: () => void): Unsubscribe;
  /** Notifies every listener of a key. */
  notify(key: string, message: T): void;
  /** True if the key has a listener. */
  has(key: string): boolean;
  /** Removes every listener. */
  clear(): void;
}

/** Creates an empty table. */
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
    notify: (key, message) => {
      for (const { listener } of [...(table.get(key) ?? [])]) listener(message);
    },
    has: (key) => table.has(key),
    clear: () => table.clear(),
  };
}
