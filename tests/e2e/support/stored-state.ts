/** Reads a store directly while no server has it open. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbeddedStore } from '../../../server/store/embedded-store.js';
import { createMongoStore } from '../../../server/store/mongo-store.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import type { ProgressStore } from '../../../server/store/progress-store.js';
import { openTestDatabase } from '../../support/mongo-process.js';

/** A store that survives its servers. */
export interface SurvivingStore extends AsyncDisposable {
  /** The environment of a server that uses it. */
  readonly env: Readonly<Record<string, string>>;
  /** Reads a project's latest ingestion without a server. */
  read(projectId: string): Promise<IngestionRecord | null>;
}

async function readOnce(store: ProgressStore, projectId: string): Promise<IngestionRecord | null> {
  await store.open();
  try {
    return await store.read(projectId);
  } finally {
    await store.close();
  }
}

/** The embedded store; read from a copy, so that the next server finds it unchanged. */
export function embeddedStoreAt(dataDir: string): Promise<SurvivingStore> {
  return Promise.resolve({
    env: {},
    async read(projectId) {
      const copy = `${dataDir}-copy`;
      cpSync(join(dataDir, 'progress'), join(copy, 'progress'), { recursive: true });
      return readOnce(createEmbeddedStore({ dataDir: copy }), projectId);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

/** A MongoDB for one test. */
export async function mongoStore(): Promise<SurvivingStore> {
  const { uri, drop } = await openTestDatabase();
  return {
    env: { MONGODB_URI: uri },
    read: (projectId) => readOnce(createMongoStore({ uri }), projectId),
    [Symbol.asyncDispose]: drop,
  };
}
