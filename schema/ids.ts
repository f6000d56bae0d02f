/** The one rule for ids of projects, ingestions and commands. Imports nothing, so that a reporter can use it without zod. */

/** Controls, line separators and the marks that reorder text: an id is shown in logs and pages. */
const UNSAFE = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** Longest id, in UTF-16 code units. */
const MAX_LENGTH = 200;

/** The rule in words, to be put after the name of what is wrong. */
export const ID_RULE = `must be 1 to ${MAX_LENGTH} characters without control characters, and not . or ..`;

/** Whether a text is an id. */
export function isId(text: string): boolean {
  if (text.length === 0 || text.length > MAX_LENGTH || text === '.' || text === '..') return false;
  return !UNSAFE.test(text) && isWellFormed(text);
}

/** False if a surrogate stands alone: such a text has no UTF-8, so no URL and no key. */
function isWellFormed(text: string): boolean {
  try {
    encodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * An id as a part of a key or a path: what is not `A-Z a-z 0-9 . _ : -` is percent-encoded, so that no separator of ours
 * occurs in it and no two ids become one.
 */
export function encodeId(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9._:-]/gu, (character) =>
    /[!'()*]/.test(character)
      ? `%${character.charCodeAt(0).toString(16).toUpperCase()}`
      : encodeURIComponent(character),
  );
}
