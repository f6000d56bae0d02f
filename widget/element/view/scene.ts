/** Everything that one render needs, gathered once; the templates beside this file only lay it out. */
import type { Progress } from '../../client/index.js';
import type { Announcement } from '../announcements.js';
import type { ConnectionNotice } from '../connection-notice.js';
import type { Job } from '../job.js';
import type { NumberFormat } from '../number-format.js';
import type { Translate } from '../translator.js';

/** A command that a person gave, and how it fares. */
export type CommandStatus =
  | { readonly kind: 'none' }
  | { readonly kind: 'retry' | 'cancel'; readonly state: 'sent' }
  | { readonly kind: 'retry' | 'cancel'; readonly state: 'failed'; readonly reason: string };

/** One render's worth of facts. */
export interface Scene {
  readonly job: Job;
  readonly notice: ConnectionNotice | null;
  /** The bar has just arrived at its end; the result waits a moment. */
  readonly isSettling: boolean;
  /** The progress bar's name; empty where the host gave none. */
  readonly label: string;
  readonly canRetry: boolean;
  readonly canCancel: boolean;
  readonly command: CommandStatus;
  readonly announcement: Announcement;
  readonly translate: Translate;
  readonly format: NumberFormat;
  /** Keeps words from a server apart from those around them, where the two may run in different directions. */
  readonly text: (words: string) => string;
  readonly onRetry: () => void;
  readonly onCancel: () => void;
  readonly onReconnect: () => void;
}

/** Of the phase a run begins at. */
export function firstPhaseName(progress: Progress): string {
  return progress.phases[progress.fromPhase - 1]?.name ?? '';
}

/** Parts of a line, set apart by a middle dot. */
export function line(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}
