/**
 * This server's sign of life in the store, and whose else is there. A lease is judged by our own monotonic clock, from
 * when we last saw it renewed: clocks of other servers count for nothing.
 */
import type { CancelTimer, Clock } from '../clock.js';
import type { Logger } from '../observability/logger.js';
import type { ProgressStore } from '../store/progress-store.js';

/** How long a lease stands without being renewed, in milliseconds. */
export const LEASE_TTL_MS = 30_000;
const RENEW_EVERY_MS = 10_000;

/** Options of the leases. */
export interface LeasesOptions {
  readonly store: ProgressStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverId: string;
}

/** This server's lease, and what it knows of others'. */
export interface Leases {
  /** Renews for the first time; rejects where the store is away. */
  open(): Promise<void>;
  /** True while another server's lease stands. */
  othersStand(): boolean;
  /** True where that server's lease has run out, and this server has had the store without a gap for a whole lease. */
  isVoid(serverId: string): boolean;
  close(): Promise<void>;
}

/** Makes the leases of a server. */
export function createLeases({ store, clock, logger, serverId }: LeasesOptions): Leases {
  const seen = new Map<string, { renewedAt: number; seenAt: number }>();
  let healthySince: number | null = null;
  let othersStood = false;
  let timer: CancelTimer | null = null;
  let closed = false;
  let taken = false;

  const renew = async () => {
    taken = true;
    await store.renewLease({ serverId, renewedAt: clock.now(), ttlMs: LEASE_TTL_MS });
    const leases = await store.listLeases();
    const now = clock.monotonicNow();
    const present = new Set(leases.map((lease) => lease.serverId));
    for (const known of seen.keys()) if (!present.has(known)) seen.delete(known);
    for (const lease of leases) {
      if (lease.serverId === serverId || lease.renewedAt === seen.get(lease.serverId)?.renewedAt) continue;
      seen.set(lease.serverId, { renewedAt: lease.renewedAt, seenAt: now });
    }
    healthySince ??= now;
    othersStood = [...seen.values()].some(stands);
  };

  const stands = (lease: { seenAt: number }) => clock.monotonicNow() - lease.seenAt < LEASE_TTL_MS;

  const beat = () => {
    if (closed) return;
    timer = clock.setTimer(RENEW_EVERY_MS, () => {
      const startedAt = clock.monotonicNow();
      renew().then(
        () => {
          // A renewal that took a whole lease is a gap, too.
          if (clock.monotonicNow() - startedAt >= LEASE_TTL_MS) healthySince = clock.monotonicNow();
          beat();
        },
        (cause: unknown) => {
          if (healthySince !== null) logger.warn({ serverId, cause }, 'the lease could not be renewed');
          healthySince = null;
          beat();
        },
      );
    });
  };

  return {
    open: async () => {
      try {
        await renew();
      } finally {
        beat();
      }
    },
    // While the store is away, what it said last holds.
    othersStand: () =>
      !store.exclusive && (healthySince === null ? othersStood : [...seen.values()].some(stands)),
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
      // A server whose store never opened has none to give back.
      if (!taken) return;
      await store.dropLease(serverId).catch((cause: unknown) => {
        logger.warn({ serverId, cause }, 'the lease was not taken back; it runs out by itself');
      });
    },
  };
}
