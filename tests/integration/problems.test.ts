/** Problems item by item, over the wire: reported, counted, listed, bounded, refused. */
import { describe, expect, it } from 'vitest';
import type { IngestionProblem, IngestionProgress, ProblemCounts } from '@ingestion-progress/schema';
import { startTestServer, tokenFor } from './support/running-server.js';

type Running = Awaited<ReturnType<typeof startTestServer>>;

const COUNTS = 'problems { errors warnings byCode { code severity count } }';

interface Answer {
  readonly accepted: boolean;
  readonly adjustments: readonly string[];
  readonly progress: IngestionProgress;
}

const writer = tokenFor({ projects: '*', scope: 'progress:write' });

/** A job in another process: calls a mutation with this input. */
function createJob(running: Running, own: object = {}) {
  const address = { projectId: 'p1', ingestionId: 'i1' };
  return async (mutation: string, input: object = {}) => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!`;
    const fields = `${mutation === 'startIngestion' ? '' : 'accepted adjustments'} progress { attempt ${COUNTS} result { outcome itemsFailed } }`;
    const query = `mutation ($input: ${type}) { answer: ${mutation}(input: $input) { ${fields} } }`;
    const { codes, text } = await running.graphql(query, { input: { ...address, ...own, ...input } }, writer);
    const { data } = JSON.parse(text) as { data?: { answer: Answer } | null };
    return { codes, text, ...data?.answer };
  };
}

const QUERY = `query ($severity: ProblemSeverity, $code: String, $attempt: Int, $first: Int! = 50, $after: String) {
  ingestionProblems(projectId: "p1", ingestionId: "i1", severity: $severity, code: $code, attempt: $attempt, first: $first, after: $after) {
    edges { node { attempt phase item code severity message url reportedAt } } pageInfo { hasNextPage endCursor } } }`;

interface Connection {
  readonly edges: readonly { readonly node: IngestionProblem }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** All problems that a query names, page by page. */
async function listProblems(running: Running, variables: object = {}): Promise<IngestionProblem[]> {
  const found: IngestionProblem[] = [];
  let after: string | null = null;
  for (;;) {
    const { data, text } = await running.graphql(QUERY, { ...variables, after }, tokenFor());
    const page = data?.['ingestionProblems'] as Connection | undefined;
    if (page === undefined) throw new Error(text);
    found.push(...page.edges.map(({ node }) => node));
    if (!page.pageInfo.hasNextPage) return found;
    after = page.pageInfo.endCursor;
  }
}

const countsOf = async (running: Running, job: ReturnType<typeof createJob>) => {
  await job('flushReports', { attemptKey: undefined });
  const query = `{ progress(projectId: "p1", ingestionId: "i1") { ${COUNTS} } }`;
  const { data } = await running.graphql(query, {}, tokenFor());
  return (data?.['progress'] as { problems: ProblemCounts }).problems;
};

const failed = (index: number, fields: object = {}) => ({
  ...{ item: `files/${index}.pdf`, code: 'UNREADABLE', severity: 'ERROR', phase: 2 },
  ...fields,
});
const many = (from: number, count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, index) => failed(from + index, fields));

describe('problems', () => {
  it('are counted in the state, kept beside it, listed, and told in the result', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    const url = 'https://example.org/1';
    const given = [
      failed(1, { code: 'ValueError', message: 'x'.repeat(3_000), url }),
      failed(2, { severity: 'WARNING', code: 'SCANNED', phase: null }),
      failed(3),
    ];
    const answer = await job('reportProblems', { problems: given });
    expect(answer).toMatchObject({ codes: [], accepted: true });
    expect(answer.adjustments).toEqual([
      'problems.message: cut at 2000 characters',
      'problems.code: made into VALUE_ERROR',
    ]);
    expect(await countsOf(running, job)).toEqual({
      ...{ errors: 2, warnings: 1 },
      byCode: expect.arrayContaining([
        { code: 'VALUE_ERROR', severity: 'ERROR', count: 1 },
        { code: 'SCANNED', severity: 'WARNING', count: 1 },
        { code: 'UNREADABLE', severity: 'ERROR', count: 1 },
      ]) as unknown,
    });
    const listed = await listProblems(running, { first: 2 });
    expect(listed.map(({ item }) => item)).toEqual(['files/1.pdf', 'files/2.pdf', 'files/3.pdf']);
    expect(listed[0]).toMatchObject({ attempt: 1, phase: 2, code: 'VALUE_ERROR', severity: 'ERROR', url });
    expect(listed[0]?.message).toHaveLength(2_000);
    expect(listed[1]).toMatchObject({ phase: null, message: null, url: null, severity: 'WARNING' });
    expect(await listProblems(running, { severity: 'WARNING' })).toHaveLength(1);
    expect(await listProblems(running, { code: 'UNREADABLE' })).toHaveLength(1);
    const ended = await job('completeIngestion', { result: {} });
    expect(ended.progress?.result).toEqual({ outcome: 'PARTIAL', itemsFailed: 2 });
    expect(await listProblems(running)).toHaveLength(3);
  });

  it('that are repeated change nothing, in the counts neither', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    await job('reportProblems', { problems: many(0, 30) });
    expect(await job('reportProblems', { problems: many(0, 30) })).toMatchObject({ accepted: false });
    expect(await countsOf(running, job)).toMatchObject({ errors: 30, warnings: 0 });
    const both = await Promise.all(
      [30, 40, 30].map((from) => job('reportProblems', { problems: many(from, 15) })),
    );
    expect(both.flatMap(({ codes }) => codes)).toEqual([]);
    expect(await countsOf(running, job)).toMatchObject({ errors: 55 });
  });

  it('beyond the most are only counted, which the answer says', async () => {
    const running = await startTestServer({ maxProblemsPerIngestion: 20 });
    const job = createJob(running);
    await job('startIngestion');
    const answer = await job('reportProblems', { problems: many(0, 25) });
    expect(answer.adjustments).toEqual(['problems: 5 only counted, since 20 are kept of an ingestion']);
    expect(await countsOf(running, job)).toMatchObject({ errors: 25 });
    expect(await listProblems(running)).toHaveLength(20);
  });

  it('of more than fifty codes are counted under OTHER from there on', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    const problems = Array.from({ length: 60 }, (_, code) => failed(code, { code: `CODE_${code}` }));
    await job('reportProblems', { problems: [...problems, failed(100, { code: 'CODE_59' })] });
    const { errors, byCode } = await countsOf(running, job);
    expect([errors, byCode.length]).toEqual([61, 51]);
    expect(byCode[0]).toEqual({ code: 'CODE_59', severity: 'ERROR', count: 2 });
    expect(byCode.at(-1)).toEqual({ code: 'OTHER', severity: 'ERROR', count: 10 });
  });

  it('are those of the newest attempt, and of an earlier one on demand', async () => {
    const running = await startTestServer();
    const first = createJob(running, { attemptKey: 'first' });
    const second = createJob(running, { attemptKey: 'second' });
    await first('startIngestion');
    await first('reportProblems', { problems: many(0, 3) });
    await second('startIngestion');
    expect((await first('reportProblems', { problems: many(5, 1) })).codes).toEqual(['CONFLICT']);
    await second('reportProblems', { problems: many(0, 1) });
    expect(await countsOf(running, second)).toMatchObject({ errors: 1 });
    expect(await listProblems(running)).toHaveLength(1);
    expect(await listProblems(running, { attempt: 1 })).toHaveLength(3);
  });

  it('are taken ten times a second, and then refused with nothing lost', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    const answers = await Promise.all(
      Array.from({ length: 14 }, (_, from) => job('reportProblems', { problems: many(from * 2, 2) })),
    );
    const taken = answers.filter(({ codes }) => codes.length === 0).length;
    expect(taken).toBeGreaterThanOrEqual(10);
    expect(answers.some(({ codes }) => codes.includes('RATE_LIMITED'))).toBe(true);
    expect(await countsOf(running, job)).toMatchObject({ errors: taken * 2 });
  });

  it.each([
    ['without a name', [failed(1), failed(2, { item: '' })], 'problems.1.item'],
    ['with a name too long', [failed(1, { item: 'x'.repeat(501) })], 'problems.0.item'],
    ['without a code', [failed(1, { code: '' })], 'problems.0.code'],
    ['none at all', [], 'problems'],
    ['a hundred and one at once', many(0, 101), 'problems'],
    ['with a script for an address', [failed(1, { url: 'javascript:alert(1)' })], 'problems.0.url'],
    ['in a phase beyond the last', [failed(1, { phase: 5 })], 'problems.0.phase'],
    ['in phase 0', [failed(1, { phase: 0 })], 'problems.0.phase'],
  ])('%s are refused with their path, and the others stay', async (_what, problems, path) => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    await job('reportProblems', { problems: many(50, 2) });
    const answer = await job('reportProblems', { problems });
    expect(answer.codes).toEqual(['BAD_USER_INPUT']);
    expect(answer.text).toContain(path);
    expect(await countsOf(running, job)).toMatchObject({ errors: 2 });
    expect(await listProblems(running)).toHaveLength(2);
  });

  it('are listed for those who may read the project, in pages of at most 500', async () => {
    const running = await startTestServer();
    const ask = async (variables: object, token: string | null) =>
      (await running.graphql(QUERY, variables, token)).codes;
    expect(await ask({}, null)).toEqual(['UNAUTHENTICATED']);
    expect(await ask({}, tokenFor({ projects: ['p2'] }))).toEqual(['FORBIDDEN']);
    for (const wrong of [{ first: 501 }, { first: 0 }, { attempt: 0 }, { after: 'x' }]) {
      const codes = await ask(wrong, tokenFor());
      expect(codes).toEqual('after' in wrong ? [] : ['BAD_USER_INPUT']);
    }
    expect(await listProblems(running)).toEqual([]);
  });

  it('come from a job in this process as well', async () => {
    const running = await startTestServer();
    const run = await running.server.emitter.startIngestion('p1', { ingestionId: 'i1' });
    await run.reportProblems([{ item: 'a.pdf', code: 'IOError', severity: 'ERROR' }]);
    await run.flush();
    expect(await listProblems(running)).toMatchObject([{ item: 'a.pdf', code: 'IO_ERROR', phase: null }]);
    const ended = await run.emitComplete({});
    expect(ended).toMatchObject({ problems: { errors: 1 }, result: { outcome: 'PARTIAL', itemsFailed: 1 } });
    await expect(run.reportProblems([{ item: '', code: 'X', severity: 'ERROR' }])).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});
