/** Splits documents into passages, each short enough for a search result. Pure. */
import type { DocumentText, Passage, Section } from './documents.js';

/** The longest passage, in characters. */
const MAX_CHARACTERS = 900;

/** The passages of a document, in order, without their languages. */
export function passagesOf(document: DocumentText): Omit<Passage, 'language'>[] {
  const { path, title } = document;
  return document.sections.flatMap((section) =>
    piecesOf(section).map((text) => ({ path, title, heading: section.heading, text })),
  );
}

function piecesOf(section: Section): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const paragraph of section.text.split('\n\n').flatMap(cut)) {
    if (piece !== '' && piece.length + paragraph.length + 2 > MAX_CHARACTERS) {
      pieces.push(piece);
      piece = '';
    }
    piece = piece === '' ? paragraph : `${piece}\n\n${paragraph}`;
  }
  if (piece !== '') pieces.push(piece);
  return pieces;
}

/** Splits a long paragraph after a sentence, else between words, else at the limit. */
function cut(paragraph: string): string[] {
  const parts: string[] = [];
  let rest = paragraph;
  while (rest.length > MAX_CHARACTERS) {
    const head = rest.slice(0, MAX_CHARACTERS);
    const sentence = Math.max(head.lastIndexOf('. '), head.lastIndexOf('\n'), head.lastIndexOf('。'));
    const end = sentence > MAX_CHARACTERS / 2 ? sentence + 1 : head.lastIndexOf(' ');
    const at = end > MAX_CHARACTERS / 2 ? end : atCharacterBoundary(rest, MAX_CHARACTERS);
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trimStart();
  }
  if (rest !== '') parts.push(rest);
  return parts;
}

/** The index, moved so that it doesn't split a surrogate pair. */
function atCharacterBoundary(text: string, index: number): number {
  return /[\uD800-\uDBFF]/.test(text.charAt(index - 1)) ? index - 1 : index;
}
