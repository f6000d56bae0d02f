/** Bounds of a document: at the bound it is taken, one past it it is refused. */
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import * as operations from '@ingestion-progress/schema/operations';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../../server/config.js';
import { createDocuments } from '../../../server/graphql/documents.js';

const schema = buildSchema('type Query { a: Query b: Int }');
const documents = createDocuments({
  schema,
  limits: { tokens: 40, depth: 4, aliases: 3 },
  introspection: true,
});

function problems(query: string): string[] {
  const prepared = documents.prepare({ query });
  return 'document' in prepared ? [] : prepared.map(({ message }) => message);
}

const nested = (levels: number) => `{ ${'a { '.repeat(levels - 1)} b ${'} '.repeat(levels - 1)} }`;
const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, i) => `x${i}: b`).join(' ')} }`;

describe('a document', () => {
  it('may be as deep as the bound, also through fragments', () => {
    expect(problems(nested(4))).toEqual([]);
    expect(problems(nested(5))).toEqual(['The document is 5 levels deep; at most 4.']);
    const spread = (inner: string) => `{ a { a { ...F } } } fragment F on Query { ${inner} }`;
    expect(problems(spread('a { b }'))).toEqual([]);
    expect(problems(spread('a { a { b } }'))).toEqual(['The document is 5 levels deep; at most 4.']);
  });

  it('may have as many aliases as the bound, each use of a fragment counted', () => {
    expect(problems(aliased(3))).toEqual([]);
    expect(problems(aliased(4))).toEqual(['The document has 4 aliases; at most 3.']);
    const twice = '{ a { ...F a { ...F } } } fragment F on Query { x: b y: b }';
    expect(problems(twice)).toEqual(['The document has 4 aliases; at most 3.']);
  });

  it('may have as many tokens as the bound', () => {
    expect(problems(`{ ${'b '.repeat(38)} }`)).toEqual([]);
    expect(problems(`{ ${'b '.repeat(39)} }`)[0]).toContain('40 tokens');
  });

  it('with fragments in a circle is refused, and measured in no time', () => {
    expect(problems('{ ...F } fragment F on Query { a { ...G } } fragment G on Query { ...F }')[0]).toContain(
      'within itself',
    );
  });

  it('is parsed once if it is valid, and each time if it is not', () => {
    const query = '{ a { b } }';
    const first = documents.parse(query);
    expect(documents.validate(first)).toEqual([]);
    expect(documents.parse(query)).toBe(first);
    const refused = documents.parse('{ a { c } }');
    expect(documents.validate(refused)).toHaveLength(1);
    expect(documents.parse('{ a { c } }')).not.toBe(refused);
  });
});

describe('the cache of documents', () => {
  const fresh = () => createDocuments({ schema, introspection: true, limits: { tokens: 10_000 } });

  it('keeps nothing of what is refused', () => {
    const own = fresh();
    for (let index = 0; index < 100; index += 1)
      own.prepare({ query: `query Q${index} { ${'c '.repeat(500)} }` });
    expect(own.cachedBytes).toBe(0);
  });

  it('keeps no more than 16 MiB of what is valid', () => {
    const own = fresh();
    let most = 0;
    for (let index = 0; index < 300; index += 1) {
      own.prepare({ query: `query Q${index} { ${'b '.repeat(200)} }` });
      most = Math.max(most, own.cachedBytes);
    }
    expect(most).toBeGreaterThan(8_388_608);
    expect(most).toBeLessThanOrEqual(16_777_216);
  });
});

describe('the cost of a document', () => {
  const api = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
  const problemsOf = (query: string, cost: number) => {
    const own = createDocuments({ schema: api, introspection: false, limits: { cost } });
    return own.validate(own.parse(query)).map(({ message }) => message);
  };
  const page = (first: string) =>
    `query ($n: Int!) { ingestionEvents(projectId: "p", ingestionId: "i", first: ${first}) { edges { node { id } } } }`;

  it('is the fields that it can return, those in a page as often as the page is long', () => {
    // The page itself, and ten times edge, node and id.
    expect(problemsOf(page('10').replace('($n: Int!) ', ''), 22)).toEqual([]);
    expect(problemsOf(page('10').replace('($n: Int!) ', ''), 21)).toEqual([
      'The document can return 22 fields; at most 21. Ask for smaller pages or fewer fields.',
    ]);
  });

  it('takes a page whose length is a variable for the longest, and counts through fragments and aliases', () => {
    expect(problemsOf(page('$n'), 1_001)[0]).toContain('can return 1002 fields');
    const twice = '{ ...F } fragment F on Query { a: viewer { subject } b: viewer { subject } }';
    expect(problemsOf(twice, 3)[0]).toContain('can return 4 fields');
  });

  it('leaves fifty pages of long payloads out, and lets one in', () => {
    const events = (alias: string) =>
      `${alias}: ingestionEvents(projectId: "p", ingestionId: "i", first: 500) { edges { node { type payload } } }`;
    const many = Array.from({ length: 50 }, (_, index) => events(`a${index}`)).join(' ');
    expect(problemsOf(`{ ${many} }`, 200_000)[0]).toContain('can return');
    expect(problemsOf(`{ ${events('a')} }`, 200_000)).toEqual([]);
  });
});

/** The lowest value that a variable takes, by what it says of itself. */
function least(
  name: 'MAX_DOCUMENT_TOKENS' | 'MAX_DOCUMENT_DEPTH' | 'MAX_DOCUMENT_ALIASES' | 'MAX_DOCUMENT_COST',
): number {
  const { error } = VARIABLES[name].schema.safeParse('none');
  return Number(/from (\d+) to/.exec(error?.issues[0]?.message ?? '')?.[1]);
}

describe("the element's own documents", () => {
  it.each(Object.entries(operations))('%s fits, however low the bounds are set', (_name, text) => {
    const own = createDocuments({
      schema: buildSchema(readFileSync('schema/schema.graphql', 'utf8')),
      limits: {
        tokens: least('MAX_DOCUMENT_TOKENS'),
        depth: least('MAX_DOCUMENT_DEPTH'),
        aliases: least('MAX_DOCUMENT_ALIASES'),
        cost: least('MAX_DOCUMENT_COST'),
      },
      introspection: false,
    });
    expect(own.validate(own.parse(String(text)))).toEqual([]);
  });
});
