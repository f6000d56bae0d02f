/**
 * This server's lease in the store, and what it knows of its peers by theirs. A lease is judged by our own monotonic
 * clock, from when we last saw it renewed: the clocks of other servers count for nothing.
 */
import type { EventBus } from '../bus/event-bus.js';
import type { Logger } from '../observability/logger.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import type { ProgressStore } from '../store/progress-store.js';

/** How long a lease is valid without being renewed, in milliseconds. */
export const LEASE_TTL_MS = 30_000;
/** How often it is renewed, in milliseconds: also how soon a server notices one that joins. */
const RENEW_INTERVAL_MS = 2_000;
/** How often a joining server checks whether its peers have acknowledged it, in milliseconds. */
const JOIN_POLL_MS = 250;
/**
 * How long "no peers" may be trusted after the last check, in milliseconds: more than a renewal may take. A server that
 * was paused for longer checks first.
 */
const NO_PEERS_VALID_MS = 10_000;
/** How long a joining server waits for a peer that does not renew, in milliseconds: by then that peer no longer trusts itself. */
const UNRESPONSIVE_AFTER_MS = 12_000;
/** How long the lease of a crashed server is kept, in milliseconds: every joining server would wait for it. */
const DELETED_AFTER_MS = 10 * LEASE_TTL_MS;
/**
 * Each server reads the leases before it renews its own. So the second renewal after a joining server first saw it was
 * written knowing of that server.
 */
const ACKNOWLEDGING_RENEWALS = 2;

/** Options of the leases. */
export interface PeersOptions {
  readonly store: ProgressStore;
  readonly bus: Pick<EventBus, 'sharedBetweenServers' | 'state'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverId: string;
  /** Called when the first peer has appeared, and when the last one is gone: `hasPeers` has changed. */
  readonly onChange: () => void;
}

/** The other servers on the same store. */
export interface Peers {
  /** Takes the lease; rejects if the store is unavailable, and keeps trying. */
  open(): Promise<void>;
  /** True while another server has a valid lease, and while that is not known. */
  hasPeers(): boolean;
  /** True while the bus reaches every other server: what is published there needs no other way. */
  busReachesAllPeers(): boolean;
  /**
   * True once every server that was there before this one knows of it, or is unresponsive: they store what they commit
   * first. (invariant: compare-and-set)
   */
  isAcknowledged(): boolean;
  /**
   * True if that server's lease has expired, and this server has had the store without a gap for a whole lease.
   * (invariant: silent-job-is-noticed)
   */
  isExpired(serverId: string): boolean;
  /** This server, and every other whose lease is valid as far as is known. */
  validServers(): readonly string[];
  close(): Promise<void>;
}

/** Another server's lease, by our own clock. */
interface SeenLease {
  readonly renewedAt: number;
  readonly seenAt: number;
  /** Renewals since it was first seen. */
  readonly renewals: number;
}

/** Creates what a server knows of its peers. */
export function createPeers(options: PeersOptions): Peers {
  const { store, bus, clock, logger, serverId, onChange } = options;
  const seen = new Map<string, SeenLease>();
  /** Servers that were there before this one and may not know of it; null before the first check. */
  let unacknowledgedPeers: Set<string> | null = null;
  let healthySince: number | null = null;
  let hadPeers = false;
  /** When the store last answered or failed; while it is away, its last answer is kept for some time. */
  let checkedAt = Number.NEGATIVE_INFINITY;
  let cancelTimer: CancelTimer | null = null;
  let renewing: Promise<void> | null = null;
  let isClosed = false;
  let isTaken = false;

  const isValid = (lease: SeenLease) => clock.monotonicNow() - lease.seenAt < LEASE_TTL_MS;

  const hasAcknowledged = (peer: string, now: number) => {
    const lease = seen.get(peer);
    if (lease === undefined) return true;
    return lease.renewals >= ACKNOWLEDGING_RENEWALS || now - lease.seenAt >= UNRESPONSIVE_AFTER_MS;
  };

  const renewLease = async () => {
    isTaken = true;
    await store.renewLease({ serverId, renewedAt: clock.now(), ttlMs: LEASE_TTL_MS });
  };

  const checkPeers = async () => {
    const leases = (await store.listLeases()).filter((lease) => lease.serverId !== serverId);
    const now = clock.monotonicNow();
    const present = new Set(leases.map((lease) => lease.serverId));
    for (const known of seen.keys()) if (!present.has(known)) seen.delete(known);
    for (const { serverId: peer, renewedAt } of leases) {
      const before = seen.get(peer);
      if (renewedAt === before?.renewedAt) continue;
      seen.set(peer, { renewedAt, seenAt: now, renewals: before === undefined ? 0 : before.renewals + 1 });
    }
    unacknowledgedPeers ??= present;
    for (const peer of unacknowledgedPeers) {
      if (hasAcknowledged(peer, now)) unacknowledgedPeers.delete(peer);
    }
    for (const [peer, { seenAt }] of seen) {
      if (now - seenAt < DELETED_AFTER_MS || isClosed) continue;
      await store.dropLease(peer);
      seen.delete(peer);
    }
    const hasPeers = [...seen.values()].some(isValid);
    if (hasPeers === hadPeers) return;
    hadPeers = hasPeers;
    logger.info({ serverId, others: present.size }, hasPeers ? 'other servers found' : 'no other servers');
    onChange();
  };

  const renewAndCheck = async () => {
    const startedAt = clock.monotonicNow();
    try {
      // Of two joining servers, the one that checks first is found by the other.
      const isJoining = unacknowledgedPeers === null;
      if (isJoining) await renewLease();
      await checkPeers();
      if (!isJoining && !isClosed) await renewLease();
      const now = clock.monotonicNow();
      // A renewal that took a whole lease is a gap, too.
      healthySince = now - startedAt < LEASE_TTL_MS ? (healthySince ?? now) : now;
    } catch (cause) {
      if (healthySince !== null) logger.warn({ serverId, cause }, 'lease not renewed');
      healthySince = null;
      throw cause;
    } finally {
      checkedAt = clock.monotonicNow();
      renewing = null;
      schedule();
    }
  };

  const renew = () => (renewing ??= renewAndCheck());

  const isAcknowledged = () => store.exclusive || unacknowledgedPeers?.size === 0;

  const schedule = () => {
    if (isClosed) return;
    cancelTimer?.();
    cancelTimer = clock.setTimer(isAcknowledged() ? RENEW_INTERVAL_MS : JOIN_POLL_MS, () => {
      // Logged where it failed.
      renew().catch(() => undefined);
    });
  };

  return {
    open: renew,
    isAcknowledged,
    busReachesAllPeers: () => bus.sharedBetweenServers && bus.state === 'connected',
    hasPeers: () => !store.exclusive && (hadPeers || clock.monotonicNow() - checkedAt > NO_PEERS_VALID_MS),
    isExpired: (peer) => {
      if (peer === serverId) return false;
      if (store.exclusive) return true;
      const isHealthy = healthySince !== null && clock.monotonicNow() - healthySince >= LEASE_TTL_MS;
      const lease = seen.get(peer);
      return isHealthy && (lease === undefined || !isValid(lease));
    },
    validServers: () => {
      const others = store.exclusive ? [] : [...seen].filter(([, lease]) => isValid(lease));
      return [serverId, ...others.map(([peer]) => peer)];
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      cancelTimer?.();
      // A renewal in flight would put the lease back after it was dropped.
      await renewing?.catch(() => undefined);
      // A server whose store never opened has no lease.
      if (!isTaken) return;
      await store.dropLease(serverId).catch((cause: unknown) => {
        logger.warn({ serverId, cause }, 'lease not released; it expires on its own');
      });
    },
  };
}
