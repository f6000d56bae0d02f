/**
 * The reporter's environment: clock, randomness, network and process, in one object that tests replace. Nothing of it keeps
 * the process alive but `hold`.
 */
import { onProcessExit, type ExitListener } from './exit.js';
import type { Clock } from '../shared/clock.js';

/** What the reporter needs of its environment. */
export interface ReporterEnvironment extends Clock {
  /** From 0 up to 1. */
  random(): number;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Keeps the process alive until the returned function is called. Absent: it may end at any time. */
  hold?(): () => void;
  /** Calls the listener before the process ends, as far as that can be known. Absent: it does not know. */
  onExit?(listener: ExitListener): () => void;
}

/** Marks the reporter's requests, so that its connections can be told from the job's own. */
const USER_AGENT = 'ingestion-progress-reporter';

/** This machine. */
export const systemEnvironment: ReporterEnvironment = Object.freeze({
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  setTimer: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    // A browser's or a worker's timer is a number.
    if (typeof timer === 'object') timer.unref();
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  fetch: (url: string, init: RequestInit) => {
    letConnectionsRest();
    return fetch(url, { ...init, headers: { ...init.headers, 'user-agent': USER_AGENT } });
  },
  hold: () => {
    const timer = setInterval(() => {}, 2 ** 30);
    return () => clearInterval(timer);
  },
  onExit: onProcessExit,
});

let areConnectionsResting = false;

/**
 * A request under way keeps a Node.js process alive, and a stream of commands is one without end. Node.js' fetch tells
 * which socket it sends a request on (https://undici.nodejs.org/#/docs/api/DiagnosticsChannel); elsewhere it stays as it is.
 */
function letConnectionsRest(): void {
  if (areConnectionsResting) return;
  areConnectionsResting = true;
  const channels = globalThis.process?.getBuiltinModule?.('node:diagnostics_channel');
  channels?.subscribe('undici:client:sendHeaders', (message) => {
    const { headers, socket } = message as { headers?: unknown; socket?: { unref?: () => void } };
    if (String(headers).includes(USER_AGENT)) socket?.unref?.();
  });
}
