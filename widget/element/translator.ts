/** Fills the sentences of one language with values. Which language that is, others decide. */
import { en } from './locales/en.js';
import type { Message, MessageKey, Messages, PluralForms } from './messages.js';
import { warnInDevelopment, warnOnce } from './warnings.js';

/** Says one sentence; text that comes from a server is only ever put in as text. */
export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

/** What a host may pass as `messages`: a whole language, or only the sentences it wants otherwise. */
export type PartialMessages = Partial<Messages>;

/**
 * A translator of `language`, with a host's own sentences before it and English behind it; `tag` says by whose rules plurals
 * are formed.
 */
export function createTranslator(language: Messages, own: PartialMessages | null, tag: string): Translate {
  const rules = new Intl.PluralRules(tag);
  return (key, values = {}) => {
    const message = pick(key, own, language);
    const text = typeof message === 'string' ? message : choose(message, rules, values['count']);
    return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
  };
}

function pick(key: MessageKey, own: PartialMessages | null, language: Messages): Message {
  for (const bundle of [own, language]) {
    const message: unknown = bundle?.[key];
    if (isMessage(message)) return message;
    if (message !== undefined) {
      warnOnce(`messages.${key} is neither a sentence nor plural forms with "other"; it is ignored.`);
    }
  }
  warnInDevelopment(`The language "${language.language}" has no sentence "${key}"; English stands in.`);
  return en[key];
}

function choose(forms: PluralForms, rules: Intl.PluralRules, count: unknown): string {
  return forms[rules.select(Number(count ?? 0))] ?? forms.other;
}

function isMessage(value: unknown): value is Message {
  if (typeof value === 'string') return true;
  return typeof value === 'object' && value !== null && typeof (value as PluralForms).other === 'string';
}
