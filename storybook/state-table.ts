/** The combinations of job and connection states. Stories, their tests and the contact sheet are made from it. */
import type { Connection } from '@ingestion-progress/widget/client';
import type { SampleName } from './samples.js';

/** A sample, or `unknown` if nothing is known yet. */
export type JobName = SampleName | 'unknown';

const degraded = { attempt: 3, maxAttempts: 10, nextAttemptAt: 12_000, error: null } as const;

/** The connection in each state, and in each variant that looks different. */
export const CONNECTIONS = {
  idle: { state: 'idle' },
  connecting: { state: 'connecting' },
  connected: { state: 'connected' },
  reconnecting: { state: 'reconnecting', ...degraded },
  attempting: { state: 'reconnecting', ...degraded, attempt: 4, nextAttemptAt: null },
  polling: { state: 'polling', ...degraded },
  pollingOnly: { state: 'polling', ...degraded, attempt: 10, nextAttemptAt: null },
  offline: { state: 'offline' },
  stopped: { state: 'disconnected', reason: 'stopped', error: null },
  disconnected: { state: 'disconnected', reason: 'exhausted', error: null },
  forbidden: { state: 'unauthorized', error: { code: 'FORBIDDEN', message: 'No access to project p1.' } },
  signedOut: { state: 'unauthorized', error: { code: 'UNAUTHENTICATED', message: 'Not a valid token.' } },
  noProject: { state: 'error', error: { code: 'PROJECT_ID_MISSING', message: 'Set project-id.' } },
  badProject: { state: 'error', error: { code: 'PROJECT_ID_INVALID', message: 'Not a project id.' } },
  badEndpoint: { state: 'error', error: { code: 'ENDPOINT_INVALID', message: 'Not an address.' } },
  mixedContent: { state: 'error', error: { code: 'MIXED_CONTENT', message: 'This page is https.' } },
  protocol: {
    state: 'error',
    error: {
      code: 'PROTOCOL_4400',
      message: 'The server closed with 4400: it does not speak this protocol.',
    },
  },
  completed: { state: 'completed' },
} as const satisfies Readonly<Record<string, Connection>>;

/** Name of one. */
export type ConnectionName = keyof typeof CONNECTIONS;

const LIVE = ['connected', 'polling', 'pollingOnly'] as const;
const LOST = ['reconnecting', 'attempting', 'offline', 'stopped', 'disconnected'] as const;
const REFUSED = ['forbidden', 'signedOut', 'protocol'] as const;
const OPEN: readonly ConnectionName[] = ['connecting', ...LIVE, ...LOST, ...REFUSED];
const ENDED: readonly ConnectionName[] = [...OPEN, 'completed'];

/** The possible connections for each state of the job. */
export const STATE_TABLE: Readonly<Record<JobName, readonly ConnectionName[]>> = {
  // before the first state
  unknown: [
    'idle',
    'connecting',
    ...LOST,
    ...REFUSED,
    'noProject',
    'badProject',
    'badEndpoint',
    'mixedContent',
  ],
  none: OPEN,
  waiting: OPEN,
  running: OPEN,
  unknownPercent: OPEN,
  skipped: OPEN,
  // a job is shown as stalled only while the connection works
  stalled: LIVE,
  cancelling: OPEN,
  completed: ENDED,
  partial: ENDED,
  // a recoverable failure is not an ending: the client keeps following it
  failedRetryable: OPEN,
  failedRecoverable: OPEN,
  failedPermanently: ENDED,
  cancelled: ENDED,
  waitingInQueue: LIVE,
  paused: LIVE,
  secondAttempt: ['connected'],
  retrying: LIVE,
  noProgress: ['connected'],
  openTotal: ['connected'],
  titled: ['connected'],
  problems: LIVE,
  links: ENDED,
  // the shapes are about the job alone
  onePhase: ['connected'],
  twoPhases: ['connected'],
  sevenPhases: ['connected'],
  twelvePhases: ['connected'],
  overlapping: ['connected'],
};

/** `failedPermanently` as a title: `Failed permanently`. */
export function titleOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
