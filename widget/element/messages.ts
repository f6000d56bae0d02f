/** What the element says: the shape of a language, and the registry of those that a page has loaded. No words here. */
import { tellWordsChange } from './language.js';

/** One sentence by CLDR plural category; `other` is what every language has. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** A sentence with `{name}` in place of values, or its plural forms, chosen by the value `count`. */
export type Message = string | PluralForms;

/** A language. Sentences may use the placeholders named beside them. */
export interface Messages {
  /** BCP 47, such as `de` or `zh-Hans`; numbers and plural rules follow it. */
  readonly language: string;
  /** Name of the progress bar where the host gives no `label`. */
  readonly name: Message;

  readonly loading: Message;
  readonly notIngested: Message;
  readonly notIngestedHint: Message;
  readonly waiting: Message;
  /** {phase} */
  readonly waitingHint: Message;
  readonly running: Message;
  /** {age} */
  readonly stalled: Message;
  readonly completed: Message;
  readonly completedPartly: Message;
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
  readonly phaseNotReached: Message;

  readonly items: Message;
  readonly failedItems: Message;
  readonly data: Message;
  readonly rate: Message;
  /** {done} {total} */
  readonly doneOf: Message;
  /** {rate} */
  readonly perSecond: Message;
  readonly duration: Message;
  /** {time} */
  readonly elapsed: Message;
  /** {time} */
  readonly remaining: Message;
  readonly almostDone: Message;
  /** {count}, formatted as {number} */
  readonly itemsProcessed: Message;
  /** {count}, formatted as {number} */
  readonly itemsFailed: Message;

  readonly retry: Message;
  /** {phase} */
  readonly retryFrom: Message;
  /** {time} */
  readonly retryIn: Message;
  readonly retrying: Message;
  readonly cancel: Message;
  readonly code: Message;
  readonly failedWillResume: Message;
  readonly failedCanRetry: Message;
  readonly failedForGood: Message;
  /** {reason} */
  readonly commandRejected: Message;
  readonly commandNoReceiver: Message;
  /** {reason} */
  readonly commandFailed: Message;

  readonly live: Message;
  readonly connecting: Message;
  readonly reconnecting: Message;
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
  /** {code} */
  readonly errorUnexpected: Message;

  /** {percent} */
  readonly announcePercent: Message;
  readonly announceConnectionLost: Message;
  readonly announceConnectionBack: Message;
}

/** Key of a sentence. */
export type MessageKey = Exclude<keyof Messages, 'language'>;

const languages = new Map<string, Messages>();

/**
 * Makes a language known to every element of the page; a later one of the same tag replaces it.
 *
 * @example
 * import { registerMessages } from '@ingestion-progress/widget';
 * import { de } from '@ingestion-progress/widget/locales/de';
 * registerMessages(de);
 */
export function registerMessages(...bundles: readonly Messages[]): void {
  for (const bundle of bundles) languages.set(bundle.language.toLowerCase(), bundle);
  tellWordsChange();
}

/** Scripts that regions imply, for the tags that pages really write. */
const SCRIPTS: Readonly<Record<string, string>> = {
  zh: 'zh-hans',
  'zh-cn': 'zh-hans',
  'zh-sg': 'zh-hans',
};

/** The registered language nearest to a tag (`de-AT` finds `de`); null where none fits. */
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
