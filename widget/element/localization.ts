/** Localization of an element: the host's messages, else the nearest `lang` that is loaded, else English. */
import { languageOf } from './language.js';
import { en } from './locales/en.js';
import { findMessages } from './messages.js';
import { createNumberFormat, type NumberFormat } from './number-format.js';
import { createTranslator, type PartialMessages, type Translate } from './translator.js';
import { warnOnce } from './warnings.js';

/** Messages and number formats of one language. */
export interface Localization {
  readonly translate: Translate;
  readonly format: NumberFormat;
  /** Isolates text from a server if it or its surroundings run from right to left. */
  readonly text: (words: string) => string;
}

const RTL_LANGUAGES = /^(ar|ckb|dv|fa|he|ku-arab|ps|sd|ug|ur|yi)\b/i;

/** Letters of right-to-left scripts. */
const RTL_LETTERS = /[\u0590-\u08ff]/;

const caches = new WeakMap<object, Map<string, Localization>>();

/** The current localization of an element. */
export function localizationFor(element: Element, hostMessages: unknown): Localization {
  const overrides = isMessages(hostMessages) ? hostMessages : null;
  const tag = languageOf(element);
  const messages = findMessages(tag) ?? en;
  // numbers and plurals follow the region (de-CH) if the messages are in that language, else the messages
  const numberLocale = canonicalLocale(
    overrides?.language ?? (messages === en && !/^en\b/i.test(tag) ? 'en' : tag),
  );
  const cacheOwner = overrides ?? messages;
  const cache = caches.get(cacheOwner) ?? new Map<string, Localization>();
  caches.set(cacheOwner, cache);
  const key = `${messages.language} ${numberLocale}`;
  const isRightToLeft = RTL_LANGUAGES.test(numberLocale);
  const localization = cache.get(key) ?? {
    translate: createTranslator(messages, overrides, numberLocale),
    format: createNumberFormat(numberLocale),
    text: (words: string) => (isRightToLeft || RTL_LETTERS.test(words) ? `\u2068${words}\u2069` : words),
  };
  cache.set(key, localization);
  return localization;
}

/** The canonical language tag; English if the tag is invalid. */
function canonicalLocale(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

function isMessages(value: unknown): value is PartialMessages {
  if (value === null || value === undefined) return false;
  if (typeof value === 'object' && !Array.isArray(value)) return true;
  warnOnce('Ignoring invalid messages. Pass an object of messages by key.');
  return false;
}
