/** Converts HTML to text with htmlparser2: sections by heading, without scripts and styles. */
import { Parser } from 'htmlparser2';
import type { Extracted, Section } from '../documents.js';

const IGNORED = new Set(['script', 'style', 'template', 'noscript', 'svg', 'math', 'head']);
const HEADINGS = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6']);
const LINES = new Set(['br', 'td', 'th']);
const INLINE = new Set(
  [
    'a',
    'abbr',
    'b',
    'bdi',
    'bdo',
    'cite',
    'code',
    'data',
    'del',
    'dfn',
    'em',
    'font',
    'i',
    'img',
    'ins',
    'kbd',
  ].concat([
    'label',
    'mark',
    'q',
    's',
    'samp',
    'small',
    'span',
    'strong',
    'sub',
    'sup',
    'time',
    'tt',
    'u',
    'var',
    'wbr',
  ]),
);

/** Extracts the text of a page as sections. */
export function extractHtml(source: string): Extracted {
  const sections: Section[] = [];
  let title = '';
  let heading: string | null = null;
  let text = '';
  let headingText: string | null = null;
  let isInTitle = false;
  let ignoredDepth = 0;

  const endSection = (): void => {
    const trimmed = tidy(text);
    if (trimmed !== '') sections.push({ heading, text: trimmed });
    text = '';
  };

  const parser = new Parser({
    onopentag(name) {
      if (name === 'title') isInTitle = true;
      if (IGNORED.has(name)) ignoredDepth += 1;
      if (HEADINGS.has(name)) headingText = '';
      else if (LINES.has(name)) text += '\n';
      else if (!INLINE.has(name)) text += '\n\n';
    },
    ontext(data) {
      if (isInTitle) title += data;
      else if (ignoredDepth > 0) return;
      else if (headingText !== null) headingText += data;
      else text += data;
    },
    onclosetag(name) {
      if (name === 'title') isInTitle = false;
      if (IGNORED.has(name)) ignoredDepth -= 1;
      if (HEADINGS.has(name) && headingText !== null) {
        endSection();
        heading = tidy(headingText) || null;
        headingText = null;
      } else if (!INLINE.has(name) && !LINES.has(name)) text += '\n';
    },
  });
  parser.end(source);
  endSection();
  return {
    title: tidy(title) || (sections.find((section) => section.heading !== null)?.heading ?? null),
    sections,
  };
}

/** The text of an HTML fragment in another document, including its headings. */
export function textOfHtml(piece: string): string {
  return extractHtml(piece)
    .sections.map((section) =>
      section.heading === null ? section.text : `${section.heading}\n${section.text}`,
    )
    .join('\n');
}

/** Decodes entities such as `&amp;` in text without tags. */
export function decodeEntities(text: string): string {
  if (!text.includes('&') || text.includes('<')) return text;
  let decoded = '';
  const parser = new Parser({
    ontext(data) {
      decoded += data;
    },
  });
  parser.end(text);
  return decoded;
}

/** Reduces whitespace to one space between words and one empty line between paragraphs. */
export function tidy(text: string): string {
  return text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
