/** The language an element speaks: a host's own sentences, else the nearest `lang` that is loaded, else English. */
import { languageAround } from './language.js';
import { en } from './locales/en.js';
import { findMessages } from './messages.js';
import { createNumberFormat, type NumberFormat } from './number-format.js';
import { createTranslator, type PartialMessages, type Translate } from './translator.js';
import { warnOnce } from './warnings.js';

/** Sentences and numbers of one language. */
export interface Voice {
  readonly translate: Translate;
  readonly format: NumberFormat;
  /** Sets words from a server apart from those around them, where either run from right to left. */
  readonly text: (words: string) => string;
}

const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ku-arab|ps|sd|ug|ur|yi)\b/i;

/** Letters that run from right to left, wherever they stand. */
const RUNS_LEFT = /[\u0590-\u08ff]/;

const made = new WeakMap<object, Map<string, Voice>>();

/** The voice for an element at this moment. */
export function voiceOf(element: Element, own: unknown): Voice {
  const mine = isMessages(own) ? own : null;
  const tag = languageAround(element);
  const messages = findMessages(tag) ?? en;
  // numbers and plurals follow the region (de-CH) where the words are of that language, else the words
  const numbers = possible(mine?.language ?? (messages === en && !/^en\b/i.test(tag) ? 'en' : tag));
  const owner = mine ?? messages;
  const cache = made.get(owner) ?? new Map<string, Voice>();
  made.set(owner, cache);
  const key = `${messages.language} ${numbers}`;
  const isApart = RIGHT_TO_LEFT.test(numbers);
  const voice = cache.get(key) ?? {
    translate: createTranslator(messages, mine, numbers),
    format: createNumberFormat(numbers),
    text: (words: string) => (isApart || RUNS_LEFT.test(words) ? `\u2068${words}\u2069` : words),
  };
  cache.set(key, voice);
  return voice;
}

/** The tag as `Intl` spells it; English where it is none. */
function possible(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

function isMessages(value: unknown): value is PartialMessages {
  if (value === null || value === undefined) return false;
  if (typeof value === 'object' && !Array.isArray(value)) return true;
  warnOnce('messages is to be an object of sentences; what was given is ignored.');
  return false;
}
