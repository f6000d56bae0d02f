/** The comments of source code in C's tradition, each under the declaration that follows it. */
import type { Extracted, Section } from '../documents.js';
import { tidy } from './html.js';

/**
 * Comments, and what may hold something that only looks like one. A regular expression literal with quotes in it can
 * fool this; then a comment is lost or some code is taken for one, which a search survives.
 */
const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|(?:\/\/[^\n]*(?:\n[^\S\n]*(?=\/\/))?)+|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/g;

/** Fewer words than this are a marker for tools or a separator. */
const LEAST_WORDS = 3;
const MOST_HEADING = 100;

/** The comments of a file, section by section. */
export function extractComments(source: string): Extracted {
  const sections: Section[] = [];
  for (const match of source.matchAll(COMMENT_OR_STRING)) {
    const raw = match[0];
    if (!raw.startsWith('/')) continue;
    const text = tidy(raw.startsWith('/*') ? blockText(raw) : lineText(raw));
    if (text.split(/\s+/, LEAST_WORDS).length < LEAST_WORDS) continue;
    sections.push({
      heading: raw.startsWith('/**') ? declarationAt(source, match.index + raw.length) : null,
      text,
    });
  }
  return { title: null, sections };
}

function blockText(raw: string): string {
  return raw.slice(2, -2).replace(/^[^\S\n]*\*+[^\S\n]?/gm, '');
}

function lineText(raw: string): string {
  return raw.replace(/^[^\S\n]*\/\/+[^\S\n]?/gm, '');
}

/** The line of code after a comment, which says what the comment is about. */
function declarationAt(source: string, index: number): string | null {
  const line = source
    .slice(index, index + 400)
    .trimStart()
    .split('\n', 1)[0]
    ?.replace(/^(?:export |declare |public |private |protected |static |abstract |readonly |async )+/, '')
    .replace(/[{;,=]*\s*$/, '')
    .trim();
  if (
    line === undefined ||
    line === '' ||
    line.startsWith('/') ||
    line.startsWith('*') ||
    line.startsWith('}')
  )
    return null;
  return line.length > MOST_HEADING ? `${line.slice(0, MOST_HEADING - 1)}…` : line;
}
