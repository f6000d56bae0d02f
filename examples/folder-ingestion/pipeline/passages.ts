/** Splits documents into passages, each short enough to be read as a search result. Pure. */
import type { DocumentText, Passage, Section } from './documents.js';

/** Longest passage, in characters. */
const MOST_CHARACTERS = 900;

/** The passages of a document, in order; languages are not known yet. */
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
    if (piece !== '' && piece.length + paragraph.length + 2 > MOST_CHARACTERS) {
      pieces.push(piece);
      piece = '';
    }
    piece = piece === '' ? paragraph : `${piece}\n\n${paragraph}`;
  }
  if (piece !== '') pieces.push(piece);
  return pieces;
}

/** A paragraph that is too long, cut after a sentence, else between words, else where it must be. */
function cut(paragraph: string): string[] {
  const parts: string[] = [];
  let rest = paragraph;
  while (rest.length > MOST_CHARACTERS) {
    const head = rest.slice(0, MOST_CHARACTERS);
    const sentence = Math.max(head.lastIndexOf('. '), head.lastIndexOf('\n'), head.lastIndexOf('。'));
    const end = sentence > MOST_CHARACTERS / 2 ? sentence + 1 : head.lastIndexOf(' ');
    const at = end > MOST_CHARACTERS / 2 ? end : withoutHalfCharacter(rest, MOST_CHARACTERS);
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trimStart();
  }
  if (rest !== '') parts.push(rest);
  return parts;
}

/** An index that does not fall between the halves of a surrogate pair. */
function withoutHalfCharacter(text: string, index: number): number {
  return /[\uD800-\uDBFF]/.test(text.charAt(index - 1)) ? index - 1 : index;
}
