/** Messages of the element: their type, and the registry of languages that the page has loaded. */
import { notifyLanguageChange } from './language.js';

/** One message by CLDR plural category; every language has `other`. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** A message with `{name}` placeholders, or its plural forms, selected by the value `count`. */
export type Message = string | PluralForms;

/** All messages of a language, with the placeholders that each may use. */
export interface Messages {
  /** BCP 47, such as `de` or `zh-Hans`; numbers and plural rules follow it. */
  readonly language: string;
  /** Accessible name of the progress bar without a `label`. */
  readonly name: Message;

  readonly loading: Message;
  readonly notIngested: Message;
  readonly notIngestedHint: Message;
  readonly waiting: Message;
  /** {phase} */
  readonly waitingHint: Message;
  /** {what}: the job's words */
  readonly waitingFor: Message;
  /** {waiting}, `waiting` or `waitingFor` {position} */
  readonly waitingInQueue: Message;
  readonly running: Message;
  readonly paused: Message;
  /** {time}: of the day, with a date if it is far away */
  readonly pausedUntil: Message;
  /** {age} */
  readonly stalled: Message;
  /** {age} */
  readonly noProgress: Message;
  readonly completed: Message;
  readonly completedWithErrors: Message;
  readonly failed: Message;
  /** {phase} */
  readonly failedIn: Message;
  readonly cancelled: Message;
  readonly cancelling: Message;
  /** {percent} */
  readonly stoppedAt: Message;

  /** {phase} {count} {name} */
  readonly phaseOf: Message;
  readonly phasePending: Message;
  readonly phaseRunning: Message;
  readonly phaseDone: Message;
  readonly phaseFailed: Message;
  readonly phaseSkipped: Message;
  readonly phaseStopped: Message;
  readonly phaseNotReached: Message;

  readonly items: Message;
  readonly failedItems: Message;
  readonly data: Message;
  readonly rate: Message;
  /** {done} {total} */
  readonly doneOf: Message;
  /** {done} {total}, which may still grow */
  readonly doneOfSoFar: Message;
  /** {rate} */
  readonly perSecond: Message;
  readonly duration: Message;
  /** {time} */
  readonly elapsed: Message;
  /** {time} */
  readonly remaining: Message;
  /** {from}, a number {time}, a number with its unit */
  readonly remainingRange: Message;
  readonly almostDone: Message;
  /** {count}, formatted as {number} */
  readonly itemsProcessed: Message;
  /** {count}, formatted as {number} */
  readonly itemsFailed: Message;

  /** {count}, formatted as {number} */
  readonly problemErrors: Message;
  /** {count}, formatted as {number} */
  readonly problemWarnings: Message;

  readonly retry: Message;
  /** {phase} */
  readonly retryFrom: Message;
  /** {time} */
  readonly retryIn: Message;
  readonly retrying: Message;
  /** {attempt}, `attempt` or `attemptOf` {time} */
  readonly retryingIn: Message;
  readonly cancel: Message;
  readonly code: Message;
  readonly failedWillResume: Message;
  readonly failedCanRetry: Message;
  readonly failedPermanently: Message;
  /** {reason} */
  readonly commandRejected: Message;
  readonly commandNoReceiver: Message;
  /** {reason} */
  readonly commandFailed: Message;

  readonly live: Message;
  readonly connecting: Message;
  readonly reconnecting: Message;
  /** {attempt} */
  readonly attempt: Message;
  /** {attempt} {count} */
  readonly attemptOf: Message;
  /** {time} */
  readonly nextIn: Message;
  readonly polling: Message;
  readonly pollingHint: Message;
  readonly offline: Message;
  readonly offlineHint: Message;
  readonly disconnected: Message;
  readonly stoppedHint: Message;
  readonly exhaustedHint: Message;
  readonly unauthorized: Message;
  readonly connectionFailed: Message;
  readonly reconnect: Message;
  /** {age} */
  readonly lastUpdate: Message;

  readonly errorProjectIdMissing: Message;
  /** {name}: the attribute */
  readonly errorIdInvalid: Message;
  readonly errorEndpointInvalid: Message;
  readonly errorMixedContent: Message;
  readonly errorForbidden: Message;
  readonly errorUnauthenticated: Message;
  readonly errorNotGraphql: Message;
  /** {code} */
  readonly errorUnexpected: Message;

  /** {percent} */
  readonly announcePercent: Message;
  readonly announceConnectionLost: Message;
  readonly announceConnectionBack: Message;
}

/** Key of a message. */
export type MessageKey = Exclude<keyof Messages, 'language'>;

const languages = new Map<string, Messages>();

/**
 * Registers languages for all elements on the page; a later registration of the same tag replaces an earlier one.
 *
 * @example
 * import { registerMessages } from '@ingestion-progress/widget';
 * import { de } from '@ingestion-progress/widget/locales/de';
 * registerMessages(de);
 */
export function registerMessages(...bundles: readonly Messages[]): void {
  for (const bundle of bundles) languages.set(bundle.language.toLowerCase(), bundle);
  notifyLanguageChange();
}

/** Scripts implied by common tags. */
const SCRIPTS: Readonly<Record<string, string>> = {
  zh: 'zh-hans',
  'zh-cn': 'zh-hans',
  'zh-sg': 'zh-hans',
};

/** The registered language that matches a tag best (`de-AT` finds `de`); null if there is none. */
export function findMessages(tag: string): Messages | null {
  const lower = tag.toLowerCase();
  const implied = SCRIPTS[lower];
  if (implied !== undefined && languages.has(implied)) return languages.get(implied) ?? null;
  const parts = lower.split('-');
  for (; parts.length > 0; parts.pop()) {
    const found = languages.get(parts.join('-'));
    if (found !== undefined) return found;
  }
  return null;
}
