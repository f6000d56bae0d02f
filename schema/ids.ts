/** The one rule for ids of projects, ingestions and commands. Imports nothing, so that a reporter can use it without zod. */

/** An id as a part of a regular expression; `.` and `..` would vanish from an address. */
export const ID_SOURCE = '(?!\\.{1,2}(?![A-Za-z0-9._:-]))[A-Za-z0-9._:-]{1,128}';

const ID = new RegExp(`^${ID_SOURCE}$`);

/** The rule in words, to be put after the name of what is wrong. */
export const ID_RULE = 'must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, and not . or ..';

/** Whether a text is an id. */
export function isId(text: string): boolean {
  return ID.test(text);
}
