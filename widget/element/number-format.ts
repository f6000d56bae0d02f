/** Numbers, bytes, percents and durations in one language, by `Intl`. Knows no sentences. */

/** Formats for one language; made once for each. */
export interface NumberFormat {
  number(value: number): string;
  /** 0 to 100, rounded down, so that nothing looks further than it is. */
  percent(value: number): string;
  bytes(value: number): string;
  /** Two units at most: `2h 5m`, `4m 12s`, `12s`. */
  duration(milliseconds: number): string;
  /** How long something took: as `duration`, and `< 1s` for less than a second, which is not nothing. */
  took(milliseconds: number): string;
  /** Rounded up and coarse, since it is an estimate: `12m`, `40s`. */
  estimate(milliseconds: number): string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

const made = new Map<string, NumberFormat>();

/** The formats of a language; an impossible tag gets English ones. */
export function numberFormatOf(language: string): NumberFormat {
  let format = made.get(language);
  if (format === undefined) {
    format = createNumberFormat(supported(language));
    made.set(language, format);
  }
  return format;
}

function supported(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

function createNumberFormat(language: string): NumberFormat {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const fraction = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const unit = (name: string, display: 'short' | 'narrow', digits: number): Intl.NumberFormat =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit: name,
      unitDisplay: display,
      maximumFractionDigits: digits,
    });
  const byteFormats = BYTE_UNITS.map((name, index) => unit(name, 'short', index > 1 ? 1 : 0));
  const time = {
    day: unit('day', 'narrow', 0),
    hour: unit('hour', 'narrow', 0),
    minute: unit('minute', 'narrow', 0),
    second: unit('second', 'narrow', 0),
  };
  const pair = (
    milliseconds: number,
    large: Intl.NumberFormat,
    largeMs: number,
    small: Intl.NumberFormat,
    smallMs: number,
  ): string => {
    const first = Math.floor(milliseconds / largeMs);
    const second = Math.floor((milliseconds % largeMs) / smallMs);
    return second === 0 ? large.format(first) : `${large.format(first)}\u00a0${small.format(second)}`;
  };
  const duration = (milliseconds: number): string => {
    const ms = Math.max(0, milliseconds);
    if (ms >= DAY) return pair(ms, time.day, DAY, time.hour, HOUR);
    if (ms >= HOUR) return pair(ms, time.hour, HOUR, time.minute, MINUTE);
    if (ms >= MINUTE) return pair(ms, time.minute, MINUTE, time.second, SECOND);
    return time.second.format(Math.floor(ms / SECOND));
  };
  return {
    number: (value) => (Math.abs(value) < 100 ? fraction : whole).format(value),
    percent: (value) => percent.format(Math.floor(value) / 100),
    bytes: (value) => {
      const power = value < 1000 ? 0 : Math.min(5, Math.floor(Math.log10(value) / 3));
      return byteFormats[power]?.format(value / 1000 ** power) ?? whole.format(value);
    },
    duration,
    took: (milliseconds) => (milliseconds < SECOND ? `< ${duration(SECOND)}` : duration(milliseconds)),
    estimate: (milliseconds) => duration(roundedUp(milliseconds)),
  };
}

/** Up to whole steps that grow with the length, so that an estimate does not pretend to be exact. */
function roundedUp(milliseconds: number): number {
  const step =
    milliseconds > HOUR
      ? 5 * MINUTE
      : milliseconds > 90 * SECOND
        ? MINUTE
        : milliseconds > 10 * SECOND
          ? 5 * SECOND
          : SECOND;
  return Math.ceil(milliseconds / step) * step;
}
