/**
 * How often an address was refused lately, and what that costs it: first its refusals are slowed, then for a while they
 * are answered RATE_LIMITED. Whoever has a good token passes in any case, so that nobody locks out the neighbours.
 */
import type { Clock } from '../shared/clock.js';

/** What a refusal of this address costs. */
export type Penalty =
  | { readonly kind: 'none' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'limited' };

/** Options; a window is the time in which refusals are counted together. */
export interface RefusalOptions {
  /** Refusals in a window before they are slowed. @default 10 */
  readonly slowAfter: number;
  /** Refusals in a window before they are answered RATE_LIMITED. @default 30 */
  readonly limitAfter: number;
  /** Milliseconds; also how long RATE_LIMITED lasts after the last refusal. @default 60000 */
  readonly windowMs: number;
  /** Milliseconds that each refusal past `slowAfter` waits longer, 2 s at most. @default 100 */
  readonly delayStepMs: number;
  /** Addresses remembered; the one longest quiet is forgotten first. @default 10000 */
  readonly addresses: number;
}

/** The defaults. */
export const REFUSAL_DEFAULTS: RefusalOptions = Object.freeze({
  slowAfter: 10,
  limitAfter: 30,
  windowMs: 60_000,
  delayStepMs: 100,
  addresses: 10_000,
});

const LONGEST_DELAY_MS = 2_000;

/** Counts refusals by address. */
export interface RefusalLedger {
  /** Notes one more refusal, and says what it costs. */
  refuse(address: string): Penalty;
}

/** Makes a ledger; it holds no timer. */
export function createRefusalLedger(
  clock: Pick<Clock, 'monotonicNow'>,
  overrides: Partial<RefusalOptions> = {},
): RefusalLedger {
  const options = { ...REFUSAL_DEFAULTS, ...overrides };
  const entries = new Map<string, { count: number; since: number }>();
  return {
    refuse: (address) => {
      const now = clock.monotonicNow();
      const before = entries.get(address);
      const entry =
        before !== undefined && now - before.since < options.windowMs ? before : { count: 0, since: now };
      entry.count += 1;
      // Once limited, the window starts anew with each refusal: it ends after a quiet one.
      if (entry.count > options.limitAfter) entry.since = now;
      entries.delete(address);
      entries.set(address, entry);
      const oldest = entries.keys().next();
      if (entries.size > options.addresses && oldest.done !== true) entries.delete(oldest.value);
      if (entry.count > options.limitAfter) return { kind: 'limited' };
      if (entry.count <= options.slowAfter) return { kind: 'none' };
      const delayMs = Math.min(LONGEST_DELAY_MS, (entry.count - options.slowAfter) * options.delayStepMs);
      return { kind: 'slow', delayMs };
    },
  };
}
