/** Converts Markdown to text with marked's lexer: sections by heading, with code, and HTML reduced to its text. */
import { lexer, type Token } from 'marked';
import type { Extracted, Section } from '../documents.js';
import { decodeEntities, textOfHtml, tidy } from './html.js';

/** Settings between two lines of dashes at the start of a file. */
const FRONT_MATTER = /^---\n[\s\S]*?\n---\n/;

/** Extracts the text of a Markdown file as sections. */
export function extractMarkdown(source: string): Extracted {
  const sections: Section[] = [];
  let title: string | null = null;
  let heading: string | null = null;
  let blocks: string[] = [];

  const endSection = (): void => {
    const text = tidy(blocks.join('\n\n'));
    if (text !== '') sections.push({ heading, text });
    blocks = [];
  };

  for (const token of lexer(source.replace(FRONT_MATTER, ''))) {
    if (token.type === 'heading') {
      endSection();
      heading = tidy(textOf(token)) || null;
      title ??= heading;
    } else {
      blocks.push(textOf(token));
    }
  }
  endSection();
  return { title, sections };
}

/** The visible text of a token. */
function textOf(token: Token): string {
  if (token.type === 'table') {
    const rows = [token.header, ...token.rows] as { tokens: Token[] }[][];
    return rows.map((row) => row.map((cell) => joined(cell.tokens)).join(' | ')).join('\n');
  }
  if (token.type === 'list') return (token.items as Token[]).map(textOf).join('\n');
  if (token.type === 'image') return decodeEntities(String(token.text));
  if (token.type === 'br') return '\n';
  if (token.type === 'code' || token.type === 'codespan') return String(token.text);
  if (token.type === 'html') return token['block'] === true ? textOfHtml(token.raw) : '';
  if (token.type === 'space' || token.type === 'hr' || token.type === 'def') return '';
  if ('tokens' in token && token.tokens !== undefined)
    return joined(token.tokens, isBlock(token) ? '\n' : '');
  return 'text' in token ? decodeEntities(String(token.text)) : '';
}

function joined(tokens: readonly Token[], separator = ''): string {
  return tokens.map(textOf).join(separator);
}

function isBlock(token: Token): boolean {
  return token.type === 'blockquote' || token.type === 'list_item';
}
