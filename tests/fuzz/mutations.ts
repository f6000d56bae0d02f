/** Random damage to a text: characters gone, doubled, replaced, and pieces that like to break parsers. */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';

const NASTY = [
  ...['"', '\\', '{', '}', '[', ']', ',', ':', 'null', '1e999', '-0', '0x10', '\u0000', '\ud800', '\u2028'],
  ...['__proto__', 'constructor', '"__proto__":{"x":1},', '${x}', '$', '@', '...', '#', '"""', '%00', '../'],
  ...['9007199254740993', '{"a":', '['.repeat(300), 'é', '😀', '\r\n\r\n', '<script>', "' OR 1=1"],
];

interface Damage {
  readonly at: number;
  readonly gone: number;
  readonly put: string;
}

const damage: Arbitrary<Damage> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  gone: fc.nat({ max: 12 }),
  put: fc.oneof(fc.constantFrom('', ...NASTY), fc.string({ unit: 'binary', maxLength: 8 })),
});

/** A text with one to three damages. */
export function damaged(text: Arbitrary<string>): Arbitrary<string> {
  return fc.tuple(text, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([whole, damages]) =>
    damages.reduce((rest, { at, gone, put }) => {
      const place = Math.floor(at * rest.length);
      return rest.slice(0, place) + put + rest.slice(place + gone);
    }, whole),
  );
}

/** Ids of all kinds: right ones, other people's, and none that the schema allows. */
export const anyId: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'mine',
    'other',
    'hidden',
    'unknown',
    '',
    ' ',
    '..',
    '*',
    'a'.repeat(129),
    '__proto__',
    'Mine',
  ),
  fc.string({ maxLength: 20 }),
);
