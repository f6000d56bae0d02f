/** Decides by its name whether a file is a document, and how its text is extracted. */
import { extname } from 'node:path';
import type { DocumentKind } from './documents.js';

const EXTENSIONS: Readonly<Record<DocumentKind, readonly string[]>> = Object.freeze({
  markdown: ['.md', '.markdown', '.mdx'],
  html: ['.html', '.htm', '.xhtml'],
  // Languages whose comments are written /* like this */ or // like this.
  comments: [
    ...['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx', '.css', '.scss', '.less'],
    ...['.java', '.kt', '.scala', '.go', '.rs', '.swift', '.cs', '.c', '.h', '.cc', '.cpp', '.hpp', '.php'],
  ],
  // Prose, and languages that are taken as a whole.
  plain: [
    ...['.txt', '.text', '.rst', '.adoc', '.asciidoc', '.org', '.tex', '.py', '.rb', '.sh', '.lua', '.pl'],
    ...['.sql', '.graphql', '.proto', '.yaml', '.yml', '.toml', '.ini'],
  ],
});

const KIND_OF = new Map(
  (Object.keys(EXTENSIONS) as DocumentKind[]).flatMap((kind) =>
    EXTENSIONS[kind].map((extension) => [extension, kind] as const),
  ),
);

const PROSE = /^(readme|licen[cs]e|changelog|changes|history|authors|contributing|notice|copying|todo)$/i;
// Not .d.mts and .d.cts: they repeat the .d.ts next to them.
const DECLARATION = /\.d\.ts$/i;
const CODE_AS_TEXT = /\.(py|rb|sh|lua|pl|sql|graphql|proto|ya?ml|toml|ini)$/i;

/** How the text of a file with this name is extracted; null if it is not a document. */
export function kindOf(name: string): DocumentKind | null {
  const extension = extname(name).toLowerCase();
  if (extension === '') return PROSE.test(name) ? 'plain' : null;
  return KIND_OF.get(extension) ?? null;
}

/** Whether a file with this name is documentation: prose or type declarations. */
export function isDocumentation(name: string): boolean {
  const kind = kindOf(name);
  if (kind === null) return false;
  return kind === 'comments' ? DECLARATION.test(name) : !CODE_AS_TEXT.test(name);
}
