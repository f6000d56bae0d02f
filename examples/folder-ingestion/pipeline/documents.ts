/** The types that the four phases share. */

/** How the text of a file is extracted. */
export type DocumentKind = 'markdown' | 'html' | 'comments' | 'plain';

/** A file that Discovery found. */
export interface SourceFile {
  /** Relative to the root of the source, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly kind: DocumentKind;
}

/** The text under one heading. */
export interface Section {
  readonly heading: string | null;
  readonly text: string;
}

/** The result of an extractor. */
export interface Extracted {
  /** The title of the document; null if it has none. */
  readonly title: string | null;
  readonly sections: readonly Section[];
}

/** The text of a document after extraction. */
export interface DocumentText {
  readonly path: string;
  readonly title: string;
  /** Only sections with text. */
  readonly sections: readonly Section[];
}

/** The length of a document's text, in characters. */
export function charactersOf(document: DocumentText): number {
  return document.sections.reduce((sum, section) => sum + section.text.length, 0);
}

/** A piece of a document, short enough to be a search result. */
export interface Passage {
  readonly path: string;
  readonly title: string;
  readonly heading: string | null;
  /** ISO 639-1; null if it could not be detected. */
  readonly language: string | null;
  readonly text: string;
}

/** What to ingest. Plain data, so that it can be passed to a worker thread. */
export interface Source {
  /** Absolute path. */
  readonly root: string;
  /** Select only documentation: prose and type declarations, no other source code. */
  readonly documentationOnly: boolean;
  /** Names of folders to skip, besides those that begin with a dot. */
  readonly skipFolders: readonly string[];
}

/** The result of a run. */
export interface PipelineResult {
  readonly itemsProcessed: number;
  readonly itemsFailed: number;
  readonly bytesProcessed: number;
  readonly summary: string;
  readonly output: CollectionFacts;
}

/** Statistics of the collection. */
export interface CollectionFacts {
  readonly documents: number;
  readonly passages: number;
  readonly duplicates: number;
  readonly words: number;
  readonly languages: readonly { readonly language: string; readonly passages: number }[];
  readonly terms: readonly { readonly term: string; readonly documents: number }[];
  /** The first few unreadable files, with the reason. */
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}
