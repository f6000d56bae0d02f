/** Finds the words that characterize a collection. Needs no stop words: a word that is in every document is ignored. */

/** A word, and how many documents contain it. */
export interface Term {
  readonly term: string;
  readonly documents: number;
}

/** Counts words per document. */
export interface Vocabulary {
  readonly words: number;
  add(documentTexts: readonly string[]): void;
  /** Words that are frequent in a few documents. */
  mostCharacteristic(count: number): Term[];
}

/** Words in a greater share of the documents are ignored. */
const MAX_SHARE = 0.05;
/** In a small collection a word may be in this many documents nevertheless. */
const MAX_DOCUMENTS_AT_LEAST = 3;
const WORD = /\p{L}[\p{L}\p{N}_]{2,31}/gu;

/** Creates an empty vocabulary. */
export function createVocabulary(): Vocabulary {
  const terms = new Map<string, { occurrences: number; documents: number; lastDocument: number }>();
  let words = 0;
  let document = 0;
  return {
    get words() {
      return words;
    },
    add(documentTexts) {
      document += 1;
      for (const text of documentTexts) {
        for (const [word] of text.toLowerCase().matchAll(WORD)) {
          words += 1;
          const known = terms.get(word);
          if (known === undefined) {
            terms.set(word, { occurrences: 1, documents: 1, lastDocument: document });
            continue;
          }
          known.occurrences += 1;
          if (known.lastDocument !== document) {
            known.lastDocument = document;
            known.documents += 1;
          }
        }
      }
    },
    mostCharacteristic(count) {
      const maxDocuments = Math.max(MAX_DOCUMENTS_AT_LEAST, document * MAX_SHARE);
      return [...terms]
        .filter(([, { documents }]) => documents <= maxDocuments)
        .map(([term, { occurrences, documents }]) => ({
          term,
          documents,
          // The square root limits the weight of one long file; the square limits that of common words.
          score: Math.sqrt(occurrences * documents) * Math.log((document + 1) / documents) ** 2,
        }))
        .sort((a, b) => b.score - a.score || (a.term < b.term ? -1 : 1))
        .slice(0, count)
        .map(({ term, documents }) => ({ term, documents }));
    },
  };
}
