/** Reads progress from a line of a command's output, by the format that the command writes. Pure. */
import type { MetricsInput } from '@ingestion-progress/schema';
import {
  countOf,
  isObject,
  numberOf,
  present,
  problemOf,
  readingOf,
  type Fields,
  type Reading,
} from '../reporter/reading.js';

/** Null if the line is not of the format, or says nothing. */
export type LineReader = (line: string) => Reading | null;

/** The formats, each with a reader of its own: some remember earlier lines. */
const READERS = {
  'json-lines': () => (line: string) => readingOf(objectIn(line)),
  ffmpeg: createFfmpegReader,
  restic: () => readRestic,
  rclone: () => readRclone,
  tqdm: () => readTqdm,
  percent: () => readPercent,
  regex: createPatternReader,
} as const satisfies Record<string, (pattern: string) => LineReader>;

/** The name of a format. */
export type Format = keyof typeof READERS;

/** All formats. */
export const FORMATS = Object.keys(READERS) as readonly Format[];

/** @throws SyntaxError if the pattern is no regular expression. */
export function createLineReader(format: Format, pattern = ''): LineReader {
  return READERS[format](pattern);
}

function objectIn(line: string): Fields {
  if (!line.startsWith('{')) return {};
  try {
    return JSON.parse(line) as Fields;
  } catch {
    // Not JSON: an ordinary line.
    return {};
  }
}

/** The lines of `-progress`, and the line of statistics that ffmpeg rewrites. The length is in what it says of its inputs. */
function createFfmpegReader(): LineReader {
  let length = 0;
  return (line) => {
    const duration = /^ *Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(line);
    if (duration !== null) {
      length = Math.max(length, secondsIn(duration));
      return null;
    }
    const time = /(?:^|[ _])time= *(\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(line);
    const metrics = present<MetricsInput>({
      itemsProcessed: countOf(/^frame= *(\d+)/.exec(line)?.[1]),
      bytesProcessed: countOf(/^total_size=(\d+)/.exec(line)?.[1]),
    });
    const reading = present<Reading>({
      percent: time === null || length === 0 ? undefined : Math.min(100, (100 * secondsIn(time)) / length),
      metrics: metrics ?? undefined,
    });
    // Other lines of `-progress` are of the format, too.
    return reading ?? (time !== null || /^[a-z][a-z0-9_.]*= *\S+$/.test(line) ? {} : null);
  };
}

function secondsIn([, hours, minutes, seconds]: RegExpExecArray): number {
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** `restic backup --json` and `restic restore --json`. */
function readRestic(line: string): Reading | null {
  const fields = objectIn(line);
  const percent = numberOf(fields['percent_done']);
  switch (fields['message_type']) {
    case 'status':
      return readingOf({
        percent: percent === undefined ? undefined : percent * 100,
        done: fields['files_done'] ?? fields['files_restored'],
        total: fields['total_files'],
        bytes: fields['bytes_done'] ?? fields['bytes_restored'],
        bytesTotal: fields['total_bytes'],
      });
    case 'summary':
      return readingOf({
        percent: 100,
        done: fields['total_files_processed'] ?? fields['files_restored'],
        bytes: fields['total_bytes_processed'] ?? fields['bytes_restored'],
      });
    case 'error': {
      const message = isObject(fields['error']) ? fields['error']['message'] : undefined;
      const problem = problemOf({ item: fields['item'], message }, 'RESTIC_ERROR');
      return problem === undefined ? null : { problem };
    }
    default:
      return null;
  }
}

/** `rclone --use-json-log`, with `-v` or `--stats-log-level NOTICE`. */
function readRclone(line: string): Reading | null {
  const { stats, level, object, msg } = objectIn(line);
  if (isObject(stats)) {
    const bytes = numberOf(stats['bytes']);
    const total = numberOf(stats['totalBytes']);
    return readingOf({
      percent: bytes === undefined || !total ? undefined : (100 * bytes) / total,
      done: stats['transfers'],
      total: stats['totalTransfers'],
      bytes,
      bytesTotal: total,
    });
  }
  const problem = level === 'error' ? problemOf({ item: object, message: msg }, 'RCLONE_ERROR') : undefined;
  return problem === undefined ? null : { problem };
}

/** `Reading:  45%|####      | 45/100 [00:01<00:01, 44.9it/s]`, or without a total `45it [00:01, 44.9it/s]`. */
const TQDM =
  /^(?:(?<message>.*?): +)?(?:(?<percent>\d+)%\|.*?\| *(?<done>[\d.]+)(?<doneScale>[kMGTP]?)\/(?<total>[\d.]+)(?<totalScale>[kMGTP]?)(?<unit>\w*)|(?<count>[\d.]+)(?<countScale>[kMGTP]?)(?<countUnit>[A-Za-z]+)) \[\d+:\d\d.*\]/;
const SCALES: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };

function readTqdm(line: string): Reading | null {
  const groups = TQDM.exec(line)?.groups;
  if (groups === undefined) return null;
  const scaled = (name: string) => {
    const value = numberOf(groups[name]);
    return value === undefined ? undefined : value * (SCALES[groups[`${name}Scale`] ?? ''] ?? 1);
  };
  const done = scaled('done') ?? scaled('count');
  const total = scaled('total');
  const isBytes = /[\d.?][kMGTP]?B\/s\]/.test(line);
  return readingOf({
    message: groups['message'],
    percent: total ? (100 * (done ?? 0)) / total : groups['percent'],
    ...(isBytes ? { bytes: done, bytesTotal: total } : { done, total }),
  });
}

/** The last `n%` of a line. */
function readPercent(line: string): Reading | null {
  // Match by match: `.*` before it would try each place of a long line anew.
  const matches = [...line.matchAll(/(?<![\d.])(\d+(?:\.\d+)?) ?%/g)];
  const percent = numberOf(matches.at(-1)?.[1]);
  return percent === undefined || percent > 100 ? null : { percent };
}

/** A pattern of somebody else's may take time by the square of a line: it gets so many characters. */
const MAX_PATTERN_LENGTH = 10_000;

/** Named groups are fields of our own convention; without any, the first group is the percent. */
function createPatternReader(pattern: string): LineReader {
  // Python's way of writing a name, so that a pattern is the same in every language.
  const expression = new RegExp(pattern.replaceAll('(?P<', '(?<'), 'u');
  return (line) => {
    const match = expression.exec(line.slice(0, MAX_PATTERN_LENGTH));
    return match === null ? null : readingOf(match.groups ?? { percent: match[1] });
  };
}
