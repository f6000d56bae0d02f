/** The words that the four phases hand on to each other; knows no files and no parsers. */

/** How a file's text is found. */
export type DocumentKind = 'markdown' | 'html' | 'comments' | 'plain';

/** A file that Discovery found. */
export interface SourceFile {
  /** Relative to the source's root, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly kind: DocumentKind;
}

/** A stretch of text under one heading. */
export interface Section {
  readonly heading: string | null;
  readonly text: string;
}

/** What an extractor makes of a file. */
export interface Extracted {
  /** The document's own title; null where it has none. */
  readonly title: string | null;
  readonly sections: readonly Section[];
}

/** A document's text, as Extraction leaves it. */
export interface DocumentText {
  readonly path: string;
  readonly title: string;
  /** Those that have text. */
  readonly sections: readonly Section[];
}

/** How much text a document has, in characters. */
export function charactersOf(document: DocumentText): number {
  return document.sections.reduce((sum, section) => sum + section.text.length, 0);
}

/** A piece of a document, short enough to be a search result. */
export interface Passage {
  readonly path: string;
  readonly title: string;
  readonly heading: string | null;
  /** ISO 639-1; null where it could not be told. */
  readonly language: string | null;
  readonly text: string;
}

/** What to ingest. Plain data, so that it can be handed to a worker thread. */
export interface Source {
  /** Absolute path. */
  readonly root: string;
  /** Take only files whose documentation is their point: no source code except for type declarations. */
  readonly documentationOnly: boolean;
  /** Names of folders that are not entered, beside those that begin with a dot. */
  readonly skipFolders: readonly string[];
}

/** Counts of a whole run, and what a page may show of it. */
export interface PipelineResult {
  readonly itemsProcessed: number;
  readonly itemsFailed: number;
  readonly bytesProcessed: number;
  readonly summary: string;
  readonly output: CollectionFacts;
}

/** What Analysis learnt about the collection. */
export interface CollectionFacts {
  readonly documents: number;
  readonly passages: number;
  readonly duplicates: number;
  readonly words: number;
  readonly languages: readonly { readonly language: string; readonly passages: number }[];
  readonly terms: readonly { readonly term: string; readonly documents: number }[];
  /** The first few files that could not be read, and why. */
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}
