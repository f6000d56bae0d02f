/** A server whose store reads and JSON serializations are counted, and its watchers. */
import { randomUUID } from 'node:crypto';
import { createProgressServer, type ProgressServer, type ProgressStore } from '@ingestion-progress/server';
import { onTestFinished, vi } from 'vitest';
import { createFleet, type Fleet } from '../../bench/watchers/fleet.js';
import { BENCH_SECRET, token } from '../../bench/workload.js';
import { createMemoryStore } from '../../server/store/memory-store.js';

/** A server with its counts. */
export interface CountedServer {
  readonly server: ProgressServer;
  /** Projects read from the store, one entry per read. */
  readonly reads: string[];
  /** Creates watchers, spread evenly over these projects. */
  watch(projectIds: readonly string[]): Fleet;
}

/** Starts a server; it is closed when the test has finished. */
export async function startCounted(store: ProgressStore = createMemoryStore()): Promise<CountedServer> {
  const reads: string[] = [];
  const counted: ProgressStore = {
    ...store,
    read: (projectId) => {
      reads.push(projectId);
      return store.read(projectId);
    },
    readMany: (projectIds) => {
      reads.push(...projectIds);
      return store.readMany(projectIds);
    },
  };
  const server = await createProgressServer({
    port: 0,
    jwtSecret: BENCH_SECRET,
    logLevel: 'silent',
    store: counted,
  });
  onTestFinished(() => server.close());
  return {
    server,
    reads,
    watch: (projectIds) => {
      const url = `${server.url.replace('http:', 'ws:')}/graphql`;
      const fleet = createFleet({
        protocol: 'graphql-ws',
        url,
        projectIds,
        tokenOf: (index) => token(`viewer-${index}`),
      });
      onTestFinished(() => fleet.close());
      return fleet;
    },
  };
}

/** A project id that no other test uses. */
export function freshProject(): string {
  return `project-${randomUUID()}`;
}

/** Counts the JSON serializations of watcher messages from now on. */
export function countSerializations(): () => number {
  const stringify = vi.spyOn(JSON, 'stringify');
  onTestFinished(() => stringify.mockRestore());
  return () =>
    stringify.mock.results.filter(
      ({ value }) => typeof value === 'string' && value.includes('"ingestionProgress":{'),
    ).length;
}
