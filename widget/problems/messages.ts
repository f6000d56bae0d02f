/** Words of `<ingestion-problems>` in English; a host replaces any of them by the property `messages`. */

/** One message by CLDR plural category, selected by `count`. */
export type ProblemMessage =
  string | (Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string });

/** The English messages, with the placeholders that each may use. */
export const PROBLEM_MESSAGES = {
  /** BCP 47; numbers and plural rules follow it. */
  language: 'en',
  heading: 'Problems',
  loading: 'Loading…',
  none: 'No problems.',
  /** {count} {number} */
  errors: { one: '{number} error', other: '{number} errors' },
  /** {count} {number} */
  warnings: { one: '{number} warning', other: '{number} warnings' },
  error: 'Error',
  warning: 'Warning',
  severity: 'Severity',
  all: 'Errors and warnings',
  onlyErrors: 'Errors',
  onlyWarnings: 'Warnings',
  attempt: 'Attempt',
  /** {attempt} */
  attemptNumber: 'Attempt {attempt}',
  search: 'Search in what is loaded',
  /** {number} {total} */
  loaded: '{number} of {total} loaded.',
  /** {number} */
  loadedAll: 'All {number} loaded.',
  /** {number} {total} */
  found: '{number} of the {total} loaded match.',
  /** {number} */
  foundMore: '{number} are not loaded, and not searched.',
  /** {number} */
  onlyCounted: '{number} more are counted but not kept.',
  /** {count} {number} */
  more: { one: 'Load {number} more', other: 'Load {number} more' },
  download: 'Download CSV',
  /** {number} {total} */
  downloading: 'Downloading: {number} of {total}.',
  /** {count} {number} */
  downloaded: { one: '{number} problem downloaded.', other: '{number} problems downloaded.' },
  /** {phase} */
  phase: 'Phase {phase}',
  /** {number} {total} */
  groupCount: '{number} of {total}',
  /** {code} */
  failed: 'The problems cannot be loaded ({code}).',
  forbidden: 'You have no access to these problems.',
  retry: 'Try again',
  missing: 'No project and ingestion are given.',
} as const satisfies Readonly<Record<string, ProblemMessage>>;

/** Key of a message. */
export type ProblemMessageKey = keyof typeof PROBLEM_MESSAGES;
/** All messages. */
export type ProblemMessages = Readonly<Record<ProblemMessageKey, ProblemMessage>>;

/** Gives a message, with its values put in. */
export type TranslateProblems = (
  key: ProblemMessageKey,
  values?: Readonly<Record<string, string | number>>,
) => string;

/** The words of an element, and its numbers. */
export interface ProblemWords {
  readonly translate: TranslateProblems;
  readonly number: (value: number) => string;
}

/** The host's messages, else the English ones. */
export function wordsFor(messages: Partial<ProblemMessages> | null): ProblemWords {
  const { language } = { ...PROBLEM_MESSAGES, ...messages };
  const format = new Intl.NumberFormat(String(language));
  const rules = new Intl.PluralRules(String(language));
  return {
    number: (value) => format.format(value),
    translate: (key, values = {}) => {
      const message: ProblemMessage = messages?.[key] ?? PROBLEM_MESSAGES[key];
      const text =
        typeof message === 'string'
          ? message
          : (message[rules.select(Number(values['count']))] ?? message.other);
      return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
    },
  };
}
