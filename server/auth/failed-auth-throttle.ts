/**
 * Throttles addresses that bring no token, or none that is signed by us, again and again: their next failures are first
 * answered late, then for the rest of the minute with RATE_LIMITED. It is asked about such failures only, so a token
 * with a good signature is never throttled for what others behind the same address do.
 */
import { addressBlock } from './client-address.js';
import { createBoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';

/** How one more failure of an address is answered. */
export type ThrottleDecision =
  | { readonly kind: 'none' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'limited' };

/** Options; failures within one window are counted together. */
export interface FailedAuthThrottleOptions {
  /** Failures in a window before answers are delayed. @default 10 */
  readonly slowAfter: number;
  /** Failures in a window before they are answered RATE_LIMITED. @default 30 */
  readonly limitAfter: number;
  /** Milliseconds from an address's first failure; the next one after them begins a new window. @default 60000 */
  readonly windowMs: number;
  /** Milliseconds by which the delay grows with each failure past `slowAfter`, up to 2 s. @default 100 */
  readonly delayStepMs: number;
  /** Addresses (a /64 for IPv6) remembered; the one whose last failure is oldest is evicted first. @default 10000 */
  readonly maxAddresses: number;
}

/** The defaults. */
export const FAILED_AUTH_THROTTLE_DEFAULTS: FailedAuthThrottleOptions = Object.freeze({
  slowAfter: 10,
  limitAfter: 30,
  windowMs: 60_000,
  delayStepMs: 100,
  maxAddresses: 10_000,
});

const MAX_DELAY_MS = 2_000;

/** Counts failures by address. */
export interface FailedAuthThrottle {
  /** Records one more failure and decides how it is answered. */
  recordFailure(address: string): ThrottleDecision;
}

/** Creates a throttle; it holds no timer. */
export function createFailedAuthThrottle(
  clock: Pick<Clock, 'monotonicNow'>,
  overrides: Partial<FailedAuthThrottleOptions> = {},
): FailedAuthThrottle {
  const options = { ...FAILED_AUTH_THROTTLE_DEFAULTS, ...overrides };
  const failures = createBoundedMap<{ count: number; readonly since: number }>({
    maxEntries: options.maxAddresses,
  });
  return {
    recordFailure: (address) => {
      const now = clock.monotonicNow();
      const block = addressBlock(address);
      const known = failures.get(block);
      const entry =
        known !== undefined && now - known.since < options.windowMs ? known : { count: 0, since: now };
      entry.count += 1;
      if (entry !== known) failures.set(block, entry);
      if (entry.count > options.limitAfter) return { kind: 'limited' };
      if (entry.count <= options.slowAfter) return { kind: 'none' };
      const delayMs = Math.min(MAX_DELAY_MS, (entry.count - options.slowAfter) * options.delayStepMs);
      return { kind: 'slow', delayMs };
    },
  };
}
