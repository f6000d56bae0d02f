/** A port whose calls are timed: for the latency and the failures of store and bus. Changes nothing of what they do. */
import type { Clock } from '../shared/clock.js';

/** Called after each call has ended. */
export type ObserveCall = (
  operation: string,
  seconds: number,
  hasFailed: boolean,
  args: readonly unknown[],
) => void;

/** The same port; methods that return promises are timed, everything else is as it was. */
export function measured<T extends object>(
  port: T,
  clock: Pick<Clock, 'monotonicNow'>,
  observe: ObserveCall,
): T {
  const timed = new Map<PropertyKey, unknown>();

  function wrap(operation: string, method: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    return (...args) => {
      const began = clock.monotonicNow();
      const end = (hasFailed: boolean) =>
        observe(operation, (clock.monotonicNow() - began) / 1_000, hasFailed, args);
      const result = method.apply(port, args);
      if (!(result instanceof Promise)) return result;
      return result.then(
        (value: unknown) => {
          end(false);
          return value;
        },
        (error: unknown) => {
          end(true);
          throw error;
        },
      );
    };
  }

  return new Proxy(port, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      let wrapped = timed.get(key);
      if (wrapped === undefined) {
        wrapped = wrap(key, value as (...args: unknown[]) => unknown);
        timed.set(key, wrapped);
      }
      return wrapped;
    },
  });
}
