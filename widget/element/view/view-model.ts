/** Everything that one render needs, gathered once; the templates beside this file only lay it out. */
import type { Announcement } from '../announcements.js';
import type { CommandKind, CommandStatus } from '../command-controller.js';
import type { ConnectionNotice } from '../connection-notice.js';
import type { Job } from '../job.js';
import type { Voice } from '../localization.js';

/** One render's worth of facts. */
export interface Scene extends Voice {
  /** As it is drawn: a bar that has just arrived at its end is drawn running for another moment. */
  readonly job: Job;
  readonly notice: ConnectionNotice | null;
  /** The progress bar's name; empty where the host gave none. */
  readonly label: string;
  readonly canRetry: boolean;
  readonly canCancel: boolean;
  /** The command that a person gave; null where there is none. */
  readonly command: CommandStatus | null;
  readonly announcement: Announcement;
  readonly onCommand: (kind: CommandKind) => void;
  readonly onReconnect: () => void;
}
