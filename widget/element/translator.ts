/** Translates message keys in one language and fills in values. */
import { en } from './locales/en.js';
import type { Message, MessageKey, Messages, PluralForms } from './messages.js';
import { warnInDevelopment, warnOnce } from './warnings.js';

/** Translates one message; values are inserted as plain text. */
export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

/** What a host may pass as `messages`: a whole language, or only some messages. */
export type PartialMessages = Partial<Messages>;

/**
 * Makes a translator for `language`, with the host's messages first and English as the fallback; `tag` selects the plural
 * rules.
 */
export function createTranslator(
  language: Messages,
  overrides: PartialMessages | null,
  tag: string,
): Translate {
  const rules = new Intl.PluralRules(tag);
  return (key, values = {}) => {
    const message = findMessage(key, overrides, language);
    const text = typeof message === 'string' ? message : selectForm(message, rules, values['count']);
    return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
  };
}

function findMessage(key: MessageKey, overrides: PartialMessages | null, language: Messages): Message {
  for (const bundle of [overrides, language]) {
    const message: unknown = bundle?.[key];
    if (isMessage(message)) return message;
    if (message !== undefined) {
      warnOnce(`Ignoring invalid messages.${key}. Use a string, or plural forms with "other".`);
    }
  }
  warnInDevelopment(`Missing message "${key}" in language "${language.language}". Using English.`);
  return en[key];
}

function selectForm(forms: PluralForms, rules: Intl.PluralRules, count: unknown): string {
  return forms[rules.select(Number(count ?? 0))] ?? forms.other;
}

function isMessage(value: unknown): value is Message {
  if (typeof value === 'string') return true;
  return typeof value === 'object' && value !== null && typeof (value as PluralForms).other === 'string';
}
