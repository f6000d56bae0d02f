/** Errors and endings are never refused for their form: they are repaired, and what was changed is said. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalizeErrorCode } from '../../../server/progress/ending-form.js';
import { parseReport, type Report } from '../../../server/progress/report.js';

const address = { projectId: 'p', ingestionId: 'i' };
const parse = (type: 'error' | 'ingestion_complete', fields: object) =>
  parseReport({ type, report: { ...address, ...fields } } as Report, 'elsewhere');

const ERROR = { errorCode: 'E', message: 'e', recoverable: false };

test.each([
  ['ValueError', 'VALUE_ERROR'],
  ['java.io.IOException', 'JAVA_IO_IO_EXCEPTION'],
  ['HTTPError404', 'HTTP_ERROR404'],
  ['botocore.exceptions.ClientError', 'BOTOCORE_EXCEPTIONS_CLIENT_ERROR'],
  ['e-mail failed!', 'E_MAIL_FAILED'],
  ['FINE_ALREADY', 'FINE_ALREADY'],
  ['', 'ERROR'],
  ['Ошибка', 'ERROR'],
  [null, 'ERROR'],
  ['X'.repeat(99), 'X'.repeat(64)],
])('the code %s is made into %s', (given, code) => {
  expect(normalizeErrorCode(given)).toBe(code);
});

test('an empty message is the code, a traceback is cut', () => {
  expect(parse('error', { ...ERROR, errorCode: 'TimeoutError', message: '' })).toMatchObject({
    report: { report: { errorCode: 'TIMEOUT_ERROR', message: 'TIMEOUT_ERROR' } },
    adjustments: ['errorCode: made into TIMEOUT_ERROR', 'message: empty, so the code stands in its place'],
  });
  const { report, adjustments } = parse('error', { ...ERROR, message: '😀'.repeat(5_000) });
  const { message } = report.report as { message: string };
  expect(message.length).toBeLessThanOrEqual(2_000);
  expect(message.endsWith('😀…')).toBe(true);
  expect(adjustments).toEqual(['message: cut at 2000 characters']);
});

test('what an ending says beside its outcome is cut or dropped', () => {
  const { report, adjustments } = parse('ingestion_complete', {
    result: {
      itemsProcessed: 5,
      itemsFailed: -1,
      summary: 'x'.repeat(3_000),
      output: { text: 'x'.repeat(20_000) },
      links: [
        { label: 'ok', url: 'https://example.org/' },
        { label: 'no', url: 'javascript:alert(1)' },
      ],
      colour: 'red',
    },
  });
  const { result } = report.report as unknown as { result: Record<string, unknown> };
  expect(result).toEqual({
    itemsProcessed: 5,
    summary: `${'x'.repeat(1_999)}…`,
    links: [{ label: 'ok', url: 'https://example.org/' }],
  });
  expect(adjustments).toHaveLength(5);
});

test('more than ten links are cut to ten', () => {
  const links = Array.from({ length: 15 }, (_, index) => ({
    label: 'l',
    url: `https://example.org/${index}`,
  }));
  const { report } = parse('ingestion_complete', { result: { links } });
  expect((report.report as unknown as { result: { links: unknown[] } }).result.links).toHaveLength(10);
});

test('an address that is wrong is refused still: it names no ingestion', () => {
  expect(() => parse('error', { ...ERROR, projectId: '' })).toThrow(/^projectId: /);
  expect(() => parse('error', { ...ERROR, errorCode: 'x', sequence: -1 })).toThrow(/sequence: /);
});

test('what is right is not touched', () => {
  expect(parse('error', { ...ERROR, retryOptions: { canRetry: true } }).adjustments).toEqual([]);
});

describe('whatever a job says at its end', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  const report = fc.dictionary(
    fc.constantFrom('errorCode', 'message', 'recoverable', 'phase', 'retryOptions', 'other'),
    anything,
  );
  const result = fc.dictionary(
    fc.constantFrom(
      'outcome',
      'itemsProcessed',
      'itemsFailed',
      'bytesProcessed',
      'summary',
      'output',
      'links',
      'other',
    ),
    fc.oneof(anything, fc.array(fc.record({ label: anything, url: anything }), { maxLength: 15 })),
  );

  test('a failure is taken', () => {
    fc.assert(
      fc.property(report, (fields) => {
        const { report: parsed } = parse('error', fields);
        expect(parsed.report).toMatchObject(address);
      }),
      { numRuns: 500 },
    );
  });

  test('a completion is taken', () => {
    fc.assert(
      fc.property(fc.oneof(result, anything), (given) => {
        const { report: parsed } = parse('ingestion_complete', { result: given });
        expect(parsed.report).toMatchObject(address);
      }),
      { numRuns: 500 },
    );
  });
});
