/** Extracts the comments of source code with C-like comments, each under the declaration that follows it. */
import type { Extracted, Section } from '../documents.js';
import { tidy } from './html.js';

/**
 * Comments, and strings that may contain something that looks like one. A regular expression literal with quotes can be
 * misread; then a comment is lost or code is taken for one, which is acceptable for a search.
 */
const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|(?:\/\/[^\n]*(?:\n[^\S\n]*(?=\/\/))?)+|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/g;

/** Shorter comments are markers for tools or separators. */
const MIN_WORDS = 3;
const MAX_HEADING = 100;

/** Extracts the comments of a file as sections. */
export function extractComments(source: string): Extracted {
  const sections: Section[] = [];
  for (const match of source.matchAll(COMMENT_OR_STRING)) {
    const raw = match[0];
    if (!raw.startsWith('/')) continue;
    const text = tidy(raw.startsWith('/*') ? blockText(raw) : lineText(raw));
    if (text.split(/\s+/, MIN_WORDS).length < MIN_WORDS) continue;
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

/** The line of code after a comment: the subject of the comment. */
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
  return line.length > MAX_HEADING ? `${line.slice(0, MAX_HEADING - 1)}…` : line;
}
