/** Phase 3: splits texts into passages, drops duplicates, detects languages, and counts words. */
import { createHash } from 'node:crypto';
import { eld } from 'eld/small';
import { percentOf, startPhase, type PhaseProgress, type PipelineListener } from './phase-loop.js';
import { charactersOf, type DocumentText, type Passage } from './documents.js';
import { passagesOf } from './passages.js';
import { createVocabulary } from './vocabulary.js';
import { readLines, writeLines, type Manifest, type WorkFolder } from './work-folder.js';

/** How many characteristic words a page shows. */
const CHARACTERISTIC_TERMS = 24;
/** The language of shorter texts can't be detected. */
const MIN_CHARACTERS_FOR_LANGUAGE = 40;

/** Writes one line per unique passage. */
export async function analyse(
  extracted: NonNullable<Manifest['extracted']>,
  work: WorkFolder,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<NonNullable<Manifest['analysed']>> {
  const loop = startPhase(3, 'Analysing texts', listener, signal);
  const counts = { documents: 0, characters: 0, passages: 0, duplicates: 0 };
  const vocabulary = createVocabulary();
  const languages = new Map<string, number>();
  const seen = new Set<string>();
  const progress = (): PhaseProgress => ({
    percent: percentOf(counts.characters, extracted.characters),
    metrics: {
      itemsTotal: extracted.documents,
      itemsProcessed: counts.documents,
      counters: [
        { name: 'passages', label: 'Passages', value: counts.passages },
        { name: 'duplicates', label: 'Duplicates', value: counts.duplicates },
        { name: 'languages', label: 'Languages', value: languages.size },
        { name: 'words', label: 'Words', value: vocabulary.words },
      ],
    },
  });

  await using lines = await writeLines(work.passages);
  for await (const document of readLines<DocumentText>(work.texts)) {
    for (const passage of passagesOf(document)) {
      const fingerprint = fingerprintOf(passage.text);
      if (seen.has(fingerprint)) {
        counts.duplicates += 1;
        continue;
      }
      seen.add(fingerprint);
      const language = languageOf(passage.text);
      if (language !== null) languages.set(language, (languages.get(language) ?? 0) + 1);
      counts.passages += 1;
      await lines.write({ ...passage, language } satisfies Passage);
    }
    vocabulary.add(document.sections.map((section) => section.text));
    counts.documents += 1;
    counts.characters += charactersOf(document);
    await loop.tick(progress);
  }
  loop.end({ ...progress(), percent: 100 });
  return {
    documents: counts.documents,
    passages: counts.passages,
    duplicates: counts.duplicates,
    words: vocabulary.words,
    languages: [...languages]
      .map(([language, passages]) => ({ language, passages }))
      .sort((a, b) => b.passages - a.passages),
    terms: vocabulary.mostCharacteristic(CHARACTERISTIC_TERMS),
  };
}

/** Equal for texts that differ only in case, spaces and punctuation. */
function fingerprintOf(text: string): string {
  const words = text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ');
  return createHash('sha1').update(words).digest('base64');
}

function languageOf(text: string): string | null {
  if (text.length < MIN_CHARACTERS_FOR_LANGUAGE) return null;
  const result = eld.detect(text);
  return result.isReliable() ? result.language : null;
}
