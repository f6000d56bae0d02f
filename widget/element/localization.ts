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
  /**
   * Makes text from a job safe to stand among ours: without control characters, isolated if it or its surroundings run from
   * right to left, and at most `maxLength` characters long, all by default.
   */
  readonly text: (words: string, maxLength?: number) => string;
}

/** Letters of right-to-left scripts. */
const RTL_LETTERS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
/** They would turn the words around them round, or leave the isolate. Marks such as U+200F only concern their neighbours. */
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u206f]/g;
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

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
  const localization =
    cache.get(key) ?? createLocalization(createTranslator(messages, overrides, numberLocale), numberLocale);
  cache.set(key, localization);
  return localization;
}

function createLocalization(translate: Translate, numberLocale: string): Localization {
  const isRightToLeft = RTL_LETTERS.test(translate('running'));
  return {
    translate,
    format: createNumberFormat(numberLocale),
    text(words, maxLength = Infinity) {
      const whole = words.replace(BIDI_CONTROLS, '').replace(CONTROLS, ' ').trim();
      const clean = whole.length > maxLength ? `${whole.slice(0, maxLength)}…` : whole;
      return clean && (isRightToLeft || RTL_LETTERS.test(clean)) ? `\u2068${clean}\u2069` : clean;
    },
  };
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
