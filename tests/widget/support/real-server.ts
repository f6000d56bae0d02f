/** A real server in this process, with the memory store, and tokens for it. */
import jwt from 'jsonwebtoken';
import {
  createProgressServer,
  type ProgressServer,
  type ProgressServerOptions,
} from '@ingestion-progress/server';
import { createMemoryStore } from '../../../server/store/memory-store.js';

export const SECRET = 'a secret of thirty-two characters, at least';

/** Claims of a token; it expires after a minute by default. */
export interface Claims {
  readonly sub?: string;
  readonly projects?: readonly string[] | '*';
  readonly scope?: string;
  readonly expiresInSeconds?: number;
}

/** A token for the real server. */
export const tokenFor = ({
  sub = 'anna',
  projects = '*',
  scope = 'progress:read',
  expiresInSeconds = 60,
}: Claims = {}): string => jwt.sign({ sub, projects, scope }, SECRET, { expiresIn: expiresInSeconds });

/** Starts a server on a free port. */
export const startServer = (options: ProgressServerOptions = {}): Promise<ProgressServer> =>
  createProgressServer({
    port: 0,
    store: createMemoryStore(),
    jwtSecret: SECRET,
    logLevel: 'silent',
    ...options,
  });
