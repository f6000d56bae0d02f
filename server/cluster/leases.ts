/**
 * This server's sign of life in the store, and whose else is there. A lease is judged by our own monotonic clock, from
 * when we last saw it renewed: clocks of other servers count for nothing.
 */
import type { CancelTimer, Clock } from '../shared/clock.js';
import type { Logger } from '../observability/logger.js';
import type { ProgressStore } from '../store/progress-store.js';

/** How long a lease stands without being renewed, in milliseconds. */
export const LEASE_TTL_MS = 30_000;
/** How often it is renewed, in milliseconds: how soon a server hears of a newcomer, too. */
const RENEW_EVERY_MS = 2_000;
/** How often a newcomer looks whether it was heard of, in milliseconds. */
const LOOK_EVERY_MS = 250;
/** How long it holds that nobody else is there, in milliseconds: more than a renewal may take. Who was paused for longer looks first. */
const ALONE_FOR_MS = 10_000;
/** How long a newcomer waits for a server that does not renew, in milliseconds: by then that one trusts itself no more. */
const DEAF_AFTER_MS = 12_000;
/** How long the lease of a server that died without a word is left, in milliseconds: every newcomer would wait for it. */
const FORGOTTEN_AFTER_MS = 10 * LEASE_TTL_MS;
/**
 * Each server reads the leases before it renews its own. So what it writes second after a newcomer's first look, it
 * writes knowing of the newcomer.
 */
const RENEWALS_THAT_KNOW = 2;

/** Options of the leases. */
export interface LeasesOptions {
  readonly store: ProgressStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverId: string;
  /** The first other server came, or the last one went: from now on `othersStand` answers anew. */
  readonly onCompany: () => void;
}

/** This server's lease, and what it knows of others'. */
export interface Leases {
  /** Takes the lease; rejects where the store is away, and goes on trying. */
  open(): Promise<void>;
  /** True while another server's lease stands, and where that is not known. */
  othersStand(): boolean;
  /**
   * True once every server that was there before this one has heard of it, or is deaf: what they commit they store first.
   * (invariant: compare-and-set)
   */
  isHeard(): boolean;
  /**
   * True where that server's lease has run out, and this server has had the store without a gap for a whole lease.
   * (invariant: silent-job-is-noticed)
   */
  isVoid(serverId: string): boolean;
  close(): Promise<void>;
}

/** Another server's lease, by our own clock. */
interface SeenLease {
  readonly renewedAt: number;
  readonly seenAt: number;
  /** Renewals since it was seen first. */
  readonly renewals: number;
}

/** Makes the leases of a server. */
export function createLeases({ store, clock, logger, serverId, onCompany }: LeasesOptions): Leases {
  const seen = new Map<string, SeenLease>();
  /** Servers that were there before us and may not know of us; null before the first look. */
  let unaware: Set<string> | null = null;
  let healthySince: number | null = null;
  let othersStood = false;
  /** When the store was last asked who is there, and answered or failed: while it is away, what it said last holds. */
  let askedAt = Number.NEGATIVE_INFINITY;
  let timer: CancelTimer | null = null;
  let beating: Promise<void> | null = null;
  let closed = false;
  let taken = false;

  const stands = (lease: SeenLease) => clock.monotonicNow() - lease.seenAt < LEASE_TTL_MS;

  const isAware = (other: string, now: number) => {
    const lease = seen.get(other);
    if (lease === undefined) return true;
    return lease.renewals >= RENEWALS_THAT_KNOW || now - lease.seenAt >= DEAF_AFTER_MS;
  };

  const renew = async () => {
    taken = true;
    await store.renewLease({ serverId, renewedAt: clock.now(), ttlMs: LEASE_TTL_MS });
  };

  const look = async () => {
    const leases = (await store.listLeases()).filter((lease) => lease.serverId !== serverId);
    const now = clock.monotonicNow();
    const present = new Set(leases.map((lease) => lease.serverId));
    for (const known of seen.keys()) if (!present.has(known)) seen.delete(known);
    for (const { serverId: other, renewedAt } of leases) {
      const before = seen.get(other);
      if (renewedAt === before?.renewedAt) continue;
      seen.set(other, { renewedAt, seenAt: now, renewals: before === undefined ? 0 : before.renewals + 1 });
    }
    unaware ??= present;
    for (const other of unaware) if (isAware(other, now)) unaware.delete(other);
    for (const [other, { seenAt }] of seen) {
      if (now - seenAt < FORGOTTEN_AFTER_MS || closed) continue;
      await store.dropLease(other);
      seen.delete(other);
    }
    const others = [...seen.values()].some(stands);
    if (others === othersStood) return;
    othersStood = others;
    logger.info({ serverId, others: present.size }, others ? 'another server is there' : 'alone');
    onCompany();
  };

  const beat = async () => {
    const startedAt = clock.monotonicNow();
    try {
      // Who looks first of two newcomers is found by the other.
      const isNew = unaware === null;
      if (isNew) await renew();
      await look();
      if (!isNew && !closed) await renew();
      const now = clock.monotonicNow();
      // A renewal that took a whole lease is a gap, too.
      healthySince = now - startedAt < LEASE_TTL_MS ? (healthySince ?? now) : now;
    } catch (cause) {
      if (healthySince !== null) logger.warn({ serverId, cause }, 'the lease could not be renewed');
      healthySince = null;
      throw cause;
    } finally {
      askedAt = clock.monotonicNow();
      beating = null;
      schedule();
    }
  };

  const beatOnce = () => (beating ??= beat());

  const isHeard = () => store.exclusive || unaware?.size === 0;

  const schedule = () => {
    if (closed) return;
    timer?.();
    timer = clock.setTimer(isHeard() ? RENEW_EVERY_MS : LOOK_EVERY_MS, () => {
      // Said by the beat itself.
      beatOnce().catch(() => undefined);
    });
  };

  return {
    open: beatOnce,
    isHeard,
    othersStand: () => !store.exclusive && (othersStood || clock.monotonicNow() - askedAt > ALONE_FOR_MS),
    isVoid: (other) => {
      if (other === serverId) return false;
      if (store.exclusive) return true;
      const isHealthy = healthySince !== null && clock.monotonicNow() - healthySince >= LEASE_TTL_MS;
      const lease = seen.get(other);
      return isHealthy && (lease === undefined || !stands(lease));
    },
    close: async () => {
      if (closed) return;
      closed = true;
      timer?.();
      // What is being renewed would stand again after it was taken back.
      await beating?.catch(() => undefined);
      // A server whose store never opened has none to give back.
      if (!taken) return;
      await store.dropLease(serverId).catch((cause: unknown) => {
        logger.warn({ serverId, cause }, 'the lease was not taken back; it runs out by itself');
      });
    },
  };
}
