/** Phase 2: extracts the text of each file. An unreadable file counts as failed, and the run continues. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { percentOf, startPhase, type PhaseProgress, type PipelineListener } from './phase-loop.js';
import { charactersOf, type DocumentKind, type DocumentText, type Extracted } from './documents.js';
import type { Source, SourceFile } from './documents.js';
import { extractComments } from './extractors/comments.js';
import { extractHtml, tidy } from './extractors/html.js';
import { extractMarkdown } from './extractors/markdown.js';
import { createFailures, UnreadableError } from './failures.js';
import { readLines, writeLines, type Manifest, type WorkFolder } from './work-folder.js';

const EXTRACTORS: Readonly<Record<DocumentKind, (source: string) => Extracted>> = Object.freeze({
  markdown: extractMarkdown,
  html: extractHtml,
  comments: extractComments,
  plain: (source: string) => ({ title: null, sections: [{ heading: null, text: tidy(source) }] }),
});

/** Writes one line per file with text. */
export async function extract(
  source: Source,
  discovered: NonNullable<Manifest['discovered']>,
  work: WorkFolder,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<NonNullable<Manifest['extracted']>> {
  const loop = startPhase(2, 'Reading documents', listener, signal);
  const counts = { processed: 0, documents: 0, bytes: 0, characters: 0, sections: 0 };
  const failures = createFailures();
  const progress = (): PhaseProgress => ({
    percent: percentOf(counts.bytes, discovered.bytes),
    metrics: {
      itemsTotal: discovered.files,
      itemsProcessed: counts.processed,
      itemsFailed: failures.count,
      bytesTotal: discovered.bytes,
      bytesProcessed: counts.bytes,
      counters: [{ name: 'sections', label: 'Sections', value: counts.sections }],
    },
  });
  const documentOf = async (file: SourceFile): Promise<DocumentText | null> => {
    try {
      const { title, sections } = EXTRACTORS[file.kind](await readText(join(source.root, file.path)));
      const withText = sections.filter((section) => section.text !== '');
      if (withText.length === 0) return null;
      return { path: file.path, title: title ?? basename(file.path), sections: withText };
    } catch (error) {
      failures.add(file.path, error);
      return null;
    }
  };

  await using lines = await writeLines(work.texts);
  for await (const file of readLines<SourceFile>(work.files)) {
    const document = await documentOf(file);
    if (document !== null) {
      await lines.write(document);
      counts.documents += 1;
      counts.sections += document.sections.length;
      counts.characters += charactersOf(document);
    }
    counts.processed += 1;
    counts.bytes += file.bytes;
    await loop.tick(progress);
  }
  loop.end({ ...progress(), percent: 100 });
  const { documents, bytes, characters } = counts;
  return { documents, bytes, characters, failed: failures.count, failures: failures.first };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const western = new TextDecoder('windows-1252');

/** Reads a text file as UTF-8, or else as Windows-1252. */
async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.subarray(0, 8_192).includes(0)) throw new UnreadableError('not a text file');
  try {
    return utf8.decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    // Not UTF-8.
    return western.decode(bytes).replaceAll('\r\n', '\n');
  }
}
