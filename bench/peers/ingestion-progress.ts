/**
 * Our server with the embedded store and defaults for everything except port, folder and secret. Its store is wrapped to
 * count reads and writes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgressServer, type ProgressServer, type ProgressStore } from '@ingestion-progress/server';
import { createEmbeddedStore } from '../../server/store/embedded-store.js';
import { BENCH_SECRET, ingestionId, metricsAt, percentAt } from '../workload.js';
import type { Peer } from './peer.js';

/** Counts the calls of a store that read and write projects. */
function countCalls(store: ProgressStore) {
  const counts = { storeReads: 0, storeWrites: 0 };
  const counted: ProgressStore = {
    ...store,
    name: store.name,
    exclusive: store.exclusive,
    read: (projectId) => {
      counts.storeReads += 1;
      return store.read(projectId);
    },
    readMany: (projectIds) => {
      counts.storeReads += 1;
      return store.readMany(projectIds);
    },
    readIngestion: (projectId, id) => {
      counts.storeReads += 1;
      return store.readIngestion(projectId, id);
    },
    write: (writes) => {
      counts.storeWrites += writes.length;
      return store.write(writes);
    },
  };
  return { counted, counts };
}

/** A folder that is deleted with the process, unless the bench names one that survives it. */
function dataFolder(): string {
  const given = process.env['BENCH_DATA_DIR'];
  if (given !== undefined) return given;
  const made = mkdtempSync(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Jobs report with the emitter in the same process. */
export function createOurPeer(): Peer {
  const { counted, counts } = countCalls(createEmbeddedStore({ dataDir: dataFolder() }));
  let server: ProgressServer | null = null;
  // For pages served from another port.
  const corsOrigins = process.env['BENCH_CORS_ORIGINS'];
  const started = () => {
    if (server === null) throw new Error('Not started.');
    return server;
  };
  return {
    start: async (port) => {
      server = await createProgressServer({
        port,
        jwtSecret: BENCH_SECRET,
        logLevel: 'error',
        store: counted,
        ...(corsOrigins === undefined ? {} : { corsOrigins: [corsOrigins] }),
      });
      return `${server.url.replace('http:', 'ws:')}/graphql`;
    },
    prepare: async (projectIds, sequence) => {
      const { emitter } = started();
      for (const projectId of projectIds) {
        const run = await emitter.startIngestion(projectId, { ingestionId: ingestionId(projectId) });
        await run.emitPhaseStarted(1, 'Reading the folder');
        run.emitProgressUpdate(1, percentAt(sequence), metricsAt(sequence));
      }
    },
    emit: (projectId, sequence) =>
      started().emitter.emitProgressUpdate(projectId, 1, percentAt(sequence), metricsAt(sequence)),
    counters: () => ({ ...counts, connections: started().counts.connections }),
  };
}
