/**
 * Entry point for jobs in other processes: needs fetch only, and nothing of the server.
 *
 * @module @ingestion-progress/server/reporter
 */
export {
  createReporter,
  type OpenedRun,
  type Reporter,
  type RetryHandler,
  type RetryRequest,
} from './reporter.js';
export type { CommandAnswer } from './commands.js';
export type { PhaseOptions, ReporterRun, UpdateOptions, WaitingInput } from './run.js';
export type { ExitListener, ExitNotice } from './exit.js';
export { ReporterError, type ReporterErrorCode } from './errors.js';
export { REPORTER_DEFAULTS, type ReporterOptions, type Waiting } from './options.js';
export type { Track, TrackOptions } from '../shared/track.js';
export type { ReporterEnvironment } from './environment.js';
export type {
  ErrorInput,
  MetricsInput,
  ProblemInput,
  ResultInput,
  StartOptions,
} from '@ingestion-progress/schema';
