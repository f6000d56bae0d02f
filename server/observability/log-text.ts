/** Text from outside, made fit for a log that people and terminals read. */

/** C0, DEL, C1, line separators, the marks that turn the direction of text round, and halves of characters. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu;

/** Characters of a value from outside that are logged at most. */
export const MAX_LOG_TEXT = 200;

/** Cuts a text to so many characters, and replaces what is no text to read. */
export function logText(text: string, maxChars = MAX_LOG_TEXT): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
  return cut.replaceAll(CONTROLS, '\ufffd');
}
