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

  it('is parsed and judged once', () => {
    const query = '{ a { b } }';
    expect(documents.parse(query)).toBe(documents.parse(query));
    expect(documents.validate(documents.parse(query))).toBe(documents.validate(documents.parse(query)));
  });
});

/** The lowest value that a variable takes, by what it says of itself. */
function least(name: 'MAX_DOCUMENT_TOKENS' | 'MAX_DOCUMENT_DEPTH' | 'MAX_DOCUMENT_ALIASES'): number {
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
      },
      introspection: false,
    });
    expect(own.validate(own.parse(String(text)))).toEqual([]);
  });
});
