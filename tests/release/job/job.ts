// Code as a job's author writes it, checked against the types in the packages.
import { createProgressServer } from '@ingestion-progress/server';
import type { ProgressServer } from '@ingestion-progress/server';
import { createReporter } from '@ingestion-progress/server/reporter';
import type { IngestionProgress } from '@ingestion-progress/schema';

const server: ProgressServer = await createProgressServer({ jwtSecret: process.env['JWT_SECRET'], port: 0 });
const run = await server.emitter.startIngestion('p1', { cancellable: true });
run.emitProgressUpdate(1, 42.5, { itemsProcessed: 425 });
const reporter = createReporter({ endpoint: server.url, projectId: 'p2', token: 'token' });
await (await reporter.startIngestion()).emitComplete({});
export const read = (progress: IngestionProgress): number | null => progress.progressPercent;
