import { describe, expect, it } from 'vitest';
import {
  completeReportSchema,
  describeIssues,
  errorReportSchema,
  LIMITS,
  phaseStartedReportSchema,
  progressUpdateReportSchema,
  startReportSchema,
} from '@ingestion-progress/schema';

const address = { projectId: 'p1', ingestionId: 'i1' };

function whatIsWrong(schema: typeof progressUpdateReportSchema, value: unknown): string;
function whatIsWrong(
  schema: { safeParse: typeof progressUpdateReportSchema.safeParse },
  value: unknown,
): string {
  const parsed = schema.safeParse(value);
  return parsed.success ? 'nothing' : describeIssues(parsed.error);
}

describe('what a job may say of its progress', () => {
  it('takes both ends of the ranges, and an unknown percent', () => {
    for (const progressPercent of [0, 100, null]) {
      for (const phase of [1, 4]) {
        expect(whatIsWrong(progressUpdateReportSchema, { ...address, phase, progressPercent })).toBe(
          'nothing',
        );
      }
    }
  });

  it.each([
    ['phase below 1', { phase: 0 }, 'phase'],
    ['phase above 12', { phase: 13 }, 'phase'],
    ['a phase between two', { phase: 1.5 }, 'phase'],
    ['a percent that is no number', { progressPercent: '5' }, 'progressPercent'],
    ['a negative count', { metrics: { itemsProcessed: -1 } }, 'metrics.itemsProcessed'],
    ['a count that JavaScript cannot hold', { metrics: { bytesTotal: 2 ** 53 } }, 'metrics.bytesTotal'],
    [
      'a count of its own without a value',
      { metrics: { counters: [{ name: 'pages' }] } },
      'metrics.counters.0.value',
    ],
    ['a count that nobody knows', { metrics: { itemsDone: 1 } }, 'metrics'],
    ['an id with a line break', { projectId: 'a\nb' }, 'projectId'],
    ['an id that reorders text', { projectId: 'a\u202eb' }, 'projectId'],
    ['half a character as an id', { projectId: '\ud800' }, 'projectId'],
    ['an id that is a step of a path', { projectId: '..' }, 'projectId'],
    ['an id of 201 characters', { projectId: 'x'.repeat(201) }, 'projectId'],
    ['a sequence below 0', { sequence: -1 }, 'sequence'],
  ])('refuses %s and names the path', (_what, change, path) => {
    const problem = whatIsWrong(progressUpdateReportSchema, { ...address, phase: 1, ...change });
    expect(problem.startsWith(`${path}: `)).toBe(true);
  });

  it.each([
    [-0.0001, 0],
    [100.000_000_000_000_03, 100],
    [Number.POSITIVE_INFINITY, 100],
    [Number.NaN, null],
    [null, null],
  ])('takes a percent of %s as %s', (progressPercent, expected) => {
    const report = { ...address, phase: 1, progressPercent };
    expect(progressUpdateReportSchema.parse(report).progressPercent).toBe(expected);
  });

  it.each(['manual__2026-11-28T00:00:00+00:00', 'tenant/x', 's3://bucket/a b', 'Zürich', '文書', '!', '...'])(
    'takes the id %s',
    (projectId) => {
      expect(whatIsWrong(progressUpdateReportSchema, { ...address, phase: 1, projectId })).toBe('nothing');
    },
  );

  it('names every problem at once', () => {
    const problem = whatIsWrong(progressUpdateReportSchema, { ...address, phase: 13, progressPercent: '5' });
    expect(problem).toMatch(/phase: .*; progressPercent: /);
  });
});

describe('bounds of texts and values', () => {
  const refuses = (parsed: { success: boolean }) => expect(parsed.success).toBe(false);
  const takes = (parsed: { success: boolean }) => expect(parsed.success).toBe(true);

  it('takes a message at the limit and refuses one past it', () => {
    const report = { ...address, phase: 1 };
    takes(phaseStartedReportSchema.safeParse({ ...report, message: 'm'.repeat(LIMITS.message) }));
    refuses(phaseStartedReportSchema.safeParse({ ...report, message: 'm'.repeat(LIMITS.message + 1) }));
    refuses(phaseStartedReportSchema.safeParse({ ...report, message: '' }));
  });

  it('takes an output at the limit of bytes and refuses one past it', () => {
    const output = (bytes: number) => ({ ...address, result: { output: 'x'.repeat(bytes - 2) } });
    takes(completeReportSchema.safeParse(output(LIMITS.outputBytes)));
    refuses(completeReportSchema.safeParse(output(LIMITS.outputBytes + 1)));
  });

  it('counts bytes of an output, not characters', () => {
    refuses(
      completeReportSchema.safeParse({ ...address, result: { output: 'é'.repeat(LIMITS.outputBytes / 2) } }),
    );
  });

  it('takes an output as deep as the limit and refuses one deeper', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    takes(completeReportSchema.safeParse({ ...address, result: { output: nested(LIMITS.jsonDepth) } }));
    refuses(completeReportSchema.safeParse({ ...address, result: { output: nested(LIMITS.jsonDepth + 1) } }));
    refuses(completeReportSchema.safeParse({ ...address, result: { output: nested(5_000) } }));
  });

  it('refuses an output that is no JSON', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    refuses(completeReportSchema.safeParse({ ...address, result: { output: circle } }));
    refuses(completeReportSchema.safeParse({ ...address, result: { output: 1n } }));
  });

  it('wants a stable code for an error', () => {
    const report = { ...address, message: 'gone', recoverable: true };
    takes(errorReportSchema.safeParse({ ...report, errorCode: 'SOURCE_UNREACHABLE' }));
    refuses(errorReportSchema.safeParse({ ...report, errorCode: 'not a code' }));
  });

  it('wants four names and four weights above 0', () => {
    takes(startReportSchema.safeParse({ projectId: 'p', phaseNames: ['a', 'b', 'c', 'd'] }));
    refuses(startReportSchema.safeParse({ projectId: 'p', phaseNames: ['a', 'b', 'c'] }));
    refuses(startReportSchema.safeParse({ projectId: 'p', phaseWeights: [1, 1, 1, 0] }));
    refuses(startReportSchema.safeParse({ projectId: 'p', staleAfterMs: LIMITS.staleAfterMsLeast - 1 }));
  });
});
