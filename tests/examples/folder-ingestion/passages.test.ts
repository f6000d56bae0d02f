import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { passagesOf } from '../../../examples/folder-ingestion/pipeline/passages.js';

const document = (text: string) => ({ path: 'a.md', title: 'A', sections: [{ heading: 'H', text }] });
const withoutSpaces = (text: string) => text.replace(/\s+/g, '');

describe('passages', () => {
  it('keep short paragraphs together, with their path, title and heading', () => {
    expect(passagesOf(document('One.\n\nTwo.'))).toEqual([
      { path: 'a.md', title: 'A', heading: 'H', text: 'One.\n\nTwo.' },
    ]);
  });

  it('end after a sentence if a paragraph is too long', () => {
    const passages = passagesOf(document('This is a sentence of some length. '.repeat(60).trim()));
    expect(passages.length).toBeGreaterThan(1);
    for (const passage of passages) expect(passage.text.endsWith('length.')).toBe(true);
  });

  it('are never longer than 900 characters, lose no letter and split no character', () => {
    const paragraph = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 3_000 }),
      fc.string({ unit: fc.constantFrom('a', ' ', '. ', '\n', '😀'), maxLength: 3_000 }),
    );
    fc.assert(
      fc.property(fc.array(paragraph, { maxLength: 4 }), (paragraphs) => {
        const text = paragraphs.join('\n\n');
        const passages = passagesOf(document(text));
        expect(withoutSpaces(passages.map((passage) => passage.text).join(''))).toBe(withoutSpaces(text));
        for (const passage of passages) {
          expect(passage.text.length).toBeLessThanOrEqual(900);
          // Throws for half a character.
          expect(() => encodeURIComponent(passage.text)).not.toThrow();
        }
      }),
    );
  });
});
