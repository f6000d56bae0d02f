/**
 * Entry point for jobs in other processes: needs fetch only, and nothing of the server.
 *
 * @module @ingestion-progress/server/reporter
 */
export { createReporter, type Reporter, type RetryHandler, type RetryRequest } from './reporter.js';
export type { CommandAnswer } from './commands.js';
export type { ReporterRun } from './run.js';
export { ReporterError, type ReporterErrorCode } from './errors.js';
export { REPORTER_DEFAULTS, type ReporterOptions } from './options.js';
export type { ReporterEnvironment } from './environment.js';
export type { ErrorInput, MetricsInput, ResultInput, StartOptions } from '@ingestion-progress/schema';
