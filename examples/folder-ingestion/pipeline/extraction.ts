/** Phase 2: reads each file and leaves its text. A file that cannot be read fails by itself, and the run goes on. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beginPhase, share, type PipelineListener, type Standing } from './beat.js';
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

/** Leaves one line for each file that has text. */
export async function extract(
  source: Source,
  discovered: NonNullable<Manifest['discovered']>,
  work: WorkFolder,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<NonNullable<Manifest['extracted']>> {
  const beat = beginPhase(2, 'Reading documents', listener, signal);
  const counts = { processed: 0, documents: 0, bytes: 0, characters: 0, sections: 0 };
  const failures = createFailures();
  const standing = (): Standing => ({
    percent: share(counts.bytes, discovered.bytes),
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
    await beat.tick(standing);
  }
  beat.end({ ...standing(), percent: 100 });
  const { documents, bytes, characters } = counts;
  return { documents, bytes, characters, failed: failures.count, failures: failures.first };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const western = new TextDecoder('windows-1252');

/** A file's text, in UTF-8 or else in the encoding that old files have. */
async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.subarray(0, 8_192).includes(0)) throw new UnreadableError('not text, in spite of its name');
  try {
    return utf8.decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    // Not UTF-8: TextDecoder says no more than that.
    return western.decode(bytes).replaceAll('\r\n', '\n');
  }
}
