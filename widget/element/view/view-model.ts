/** The data of one render. The templates in this folder only lay it out. */
import type { IngestionClient } from '../../client/index.js';
import type { Announcement } from '../announcements.js';
import type { CommandKind, CommandStatus } from '../command-controller.js';
import type { ConnectionNotice } from '../connection-notice.js';
import type { EtaWords } from '../eta-words.js';
import type { Job } from '../job.js';
import type { Localization } from '../localization.js';
import type { SharedSettings } from '../shared-settings.js';

/** What the list of problems takes over from the element. */
export interface ProblemList extends SharedSettings {
  readonly isOpen: boolean;
  readonly client: IngestionClient | null;
}

/** The data of one render. */
export interface ViewModel extends Localization {
  /** The job as shown: a bar that has just filled up is shown as running for another moment. */
  readonly job: Job;
  /** The remaining time in words, kept while they are still right; null if it is not known. */
  readonly eta: EtaWords | null;
  readonly notice: ConnectionNotice | null;
  /** Heading and accessible name of the progress bar: the host's, else the job's title; empty if there is neither. */
  readonly label: string;
  readonly canRetry: boolean;
  readonly canCancel: boolean;
  /** The latest command; null if there is none. */
  readonly command: CommandStatus | null;
  readonly announcement: Announcement;
  readonly onCommand: (kind: CommandKind) => void;
  readonly onReconnect: () => void;
  /** How `<ingestion-problems>` is made, and whether it is open; null if the page has not defined it. */
  readonly problemList: ProblemList | null;
  readonly onProblems: () => void;
}
