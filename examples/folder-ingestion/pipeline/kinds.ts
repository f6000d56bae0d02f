/** Which files are documents, by name alone; leaves reading them to the extractors. */
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
  // Prose, and languages that are taken as they stand.
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
// Not .d.mts and .d.cts: where they are, they repeat the .d.ts beside them.
const DECLARATION = /\.d\.ts$/i;
const CODE_TAKEN_WHOLE = /\.(py|rb|sh|lua|pl|sql|graphql|proto|ya?ml|toml|ini)$/i;

/** How a file of this name is read; null where it is not a document. */
export function kindOf(name: string): DocumentKind | null {
  const extension = extname(name).toLowerCase();
  if (extension === '') return PROSE.test(name) ? 'plain' : null;
  return KIND_OF.get(extension) ?? null;
}

/** Whether documentation is the point of a file of this name: prose, or type declarations. */
export function isDocumentation(name: string): boolean {
  const kind = kindOf(name);
  if (kind === null) return false;
  return kind === 'comments' ? DECLARATION.test(name) : !CODE_TAKEN_WHOLE.test(name);
}
