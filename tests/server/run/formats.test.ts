/** What is read from recorded output of real commands. tests/traces/commands is the same for a kit in another language. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../server/reporter/reading.js';
import { createLineReader, FORMATS, type Format } from '../../../server/run/formats.js';
import { createLineSplitter } from '../../../server/run/lines.js';

const FOLDER = new URL('../../traces/commands/', import.meta.url);

interface Recorded {
  readonly file: string;
  readonly format: Format;
  readonly pattern?: string;
  readonly readings: readonly Reading[];
}
const recorded = JSON.parse(readFileSync(new URL('readings.json', FOLDER), 'utf8')) as readonly Recorded[];

/** The readings of a stream that comes in chunks of this many bytes; those that say nothing are left out. */
function readAll({ format, pattern }: Pick<Recorded, 'format' | 'pattern'>, bytes: Buffer, size: number) {
  const read = createLineReader(format, pattern);
  const readings: Reading[] = [];
  const lines = createLineSplitter((line) => {
    const reading = read(line);
    if (reading === null || Object.keys(reading).length === 0) return;
    const { percent } = reading;
    readings.push(percent === undefined ? reading : { ...reading, percent: Math.round(percent * 1e6) / 1e6 });
  });
  for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
  lines.end();
  return readings;
}

describe('recorded output', () => {
  it.each(recorded)('of $file is read as $format, wherever its chunks are cut', (each) => {
    const bytes = readFileSync(new URL(each.file, FOLDER));
    for (const size of [1, 7, 65_536]) expect(readAll(each, bytes, size)).toEqual(each.readings);
  });

  it('is there for every format', () => {
    expect(new Set(recorded.map(({ format }) => format))).toEqual(new Set(FORMATS));
  });
});

describe('a very long line', () => {
  // Each of them held the process for seconds with a reader that looked again from every place.
  const long = [
    '1'.repeat(60_000),
    'a'.repeat(400_000),
    '1 '.repeat(30_000),
    ': '.repeat(30_000),
    ' '.repeat(60_000),
  ];
  it.each(FORMATS)('of whatever kind is read by %s in no time', (format) => {
    const read = createLineReader(format, '(\\d+)/');
    const beganAt = performance.now();
    for (const line of long) read(line);
    expect(performance.now() - beganAt).toBeLessThan(2_000);
  });
});

describe('a line that is not of the format', () => {
  const strange = [
    '',
    '{',
    '{}',
    'null',
    '[1]',
    '{"done":"x"}',
    '{"stats":null}',
    '\u0000\ufffd%',
    'frame',
    '%',
  ];
  it.each(FORMATS)('says nothing to %s', (format) => {
    const read = createLineReader(format, '^never$');
    expect(strange.map(read)).toEqual(strange.map(() => null));
  });

  it('is dropped if it is longer than a million characters, and the next one is read', () => {
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(line));
    for (let chunk = 0; chunk < 30; chunk += 1) splitter.push(Buffer.alloc(65_536, 'x'));
    splitter.push(Buffer.from('end\r\nnext'));
    splitter.end();
    expect(lines).toEqual(['next']);
  });
});
