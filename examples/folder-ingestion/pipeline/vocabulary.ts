/** Which words tell most about a collection. Needs no list of common words: what stands everywhere tells nothing. */

/** A word with the number of documents that have it. */
export interface Term {
  readonly term: string;
  readonly documents: number;
}

/** Counts words, document by document. */
export interface Vocabulary {
  readonly words: number;
  add(documentTexts: readonly string[]): void;
  /** Those that are frequent where they stand, and stand in few documents. */
  mostTelling(count: number): Term[];
}

/** A word that stands in a greater share of the documents tells nothing of any. */
const MOST_SHARE = 0.05;
/** In a small collection a word may stand in this many documents all the same. */
const MOST_DOCUMENTS_LEAST = 3;
const WORD = /\p{L}[\p{L}\p{N}_]{2,31}/gu;

/** Begins an empty vocabulary. */
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
    mostTelling(count) {
      const mostDocuments = Math.max(MOST_DOCUMENTS_LEAST, document * MOST_SHARE);
      return [...terms]
        .filter(([, { documents }]) => documents <= mostDocuments)
        .map(([term, { occurrences, documents }]) => ({
          term,
          documents,
          // The root keeps one long file from having all the words; the square, common ones from winning.
          score: Math.sqrt(occurrences * documents) * Math.log((document + 1) / documents) ** 2,
        }))
        .sort((a, b) => b.score - a.score || (a.term < b.term ? -1 : 1))
        .slice(0, count)
        .map(({ term, documents }) => ({ term, documents }));
    },
  };
}
