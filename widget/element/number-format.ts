/** Formats numbers, bytes, percents and durations in one language, with `Intl`. */

import type { EtaUnit } from './eta-words.js';

/** Formats of one language. Negative durations count as zero. */
export interface NumberFormat {
  number(value: number): string;
  /** 0 to 100, rounded down, so that progress is never overstated. */
  percent(value: number): string;
  /** Three digits from a kilobyte up, so that the width stays the same between updates. */
  bytes(value: number): string;
  /** At most two units: `2h 5m`, `4m 12s`, `12s`. */
  duration(milliseconds: number): string;
  /** Rounded up to a whole second: `8s`. */
  countdown(milliseconds: number): string;
  /** Time taken: like `duration`, but `< 1s` for less than a second. */
  took(milliseconds: number): string;
  /** `37 failed, 5 warnings`. */
  list(parts: readonly string[]): string;
  /** A number of one unit, in words: `4 min`, `1.5 hours`. */
  amount(value: number, unit: EtaUnit): string;
  /** The time of day, and the date if it is a day away or more; `leftMs` is how far away. In the time zone of the page. */
  moment(at: number, leftMs: number): string;
}

/** Numbers from here on are not written out. */
const COMPACT_FROM = 1e15;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TIME_UNITS = [
  ['day', 24 * HOUR],
  ['hour', HOUR],
  ['minute', MINUTE],
  ['second', SECOND],
] as const;
const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];

/** Makes the formats of a language. */
export function createNumberFormat(language: string): NumberFormat {
  const create = (options: Intl.NumberFormatOptions): ((value: number) => string) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: 0, ...options }).format;
  const whole = create({});
  const fraction = create({ maximumFractionDigits: 1 });
  const percent = create({ style: 'percent' });
  const bytes = BYTE_UNITS.map((unit, index) =>
    create({
      style: 'unit',
      unit,
      unitDisplay: 'short',
      minimumSignificantDigits: index > 0 ? 3 : 1,
      maximumSignificantDigits: 3,
    }),
  );
  // narrow units in Japanese are Latin letters, and "m" reads as metre
  const unitDisplay = language.startsWith('ja') ? 'short' : 'narrow';
  const times = TIME_UNITS.map(([unit, size]) => {
    const say = create({ style: 'unit', unit, unitDisplay });
    return { size, say: (count: number) => say(count).replace(' ', '\u00a0') };
  });

  const duration = (milliseconds: number): string => {
    let left = Math.max(0, milliseconds);
    let said = '';
    for (const { size, say } of times) {
      const count = Math.floor(left / size);
      if (said !== '') return count > 0 ? `${said} ${say(count)}` : said;
      if (count > 0 || size === SECOND) said = say(count);
      left %= size;
    }
    return said;
  };
  return {
    number: (value) => {
      const size = Math.abs(value);
      if (size >= COMPACT_FROM)
        return create({ notation: size < 1e18 ? 'compact' : 'scientific', maximumFractionDigits: 1 })(value);
      return (size < 100 ? fraction : whole)(value);
    },
    percent: (value) => percent(Math.floor(value) / 100),
    bytes: (value) => {
      const power = value < 1000 ? 0 : Math.min(5, Math.floor(Math.log10(value) / 3));
      return (bytes[power] ?? whole)(value / 1000 ** power);
    },
    duration,
    countdown: (milliseconds) => duration(Math.ceil(milliseconds / SECOND) * SECOND),
    took: (milliseconds) => (milliseconds < SECOND ? `< ${duration(SECOND)}` : duration(milliseconds)),
    amount: (value, unit) =>
      create({
        style: 'unit',
        unit,
        unitDisplay: unit === 'hour' || unit === 'day' ? 'long' : 'short',
        maximumFractionDigits: 1,
      })(value).replace(' ', '\u00a0'),
    list: (parts) => new Intl.ListFormat(language, { type: 'unit', style: 'short' }).format(parts),
    moment: (at, leftMs) =>
      new Intl.DateTimeFormat(language, {
        hour: 'numeric',
        minute: '2-digit',
        ...(leftMs < 20 * HOUR ? {} : { day: 'numeric', month: 'short' }),
      }).format(at),
  };
}
