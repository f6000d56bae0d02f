import { expect, it } from 'vitest';
import { createVocabulary } from '../../../examples/folder-ingestion/pipeline/vocabulary.js';

it('finds the words that characterize documents, and ignores those that are everywhere', () => {
  const vocabulary = createVocabulary();
  for (let number = 0; number < 100; number += 1) vocabulary.add(['the common words of the collection']);
  vocabulary.add(['the humpback sings', 'Humpback whales']);
  vocabulary.add(['the humpback dives']);
  // Words of three letters and more.
  expect(vocabulary.words).toBe(100 * 5 + 8);
  expect(vocabulary.mostCharacteristic(1)).toEqual([{ term: 'humpback', documents: 2 }]);
  expect(vocabulary.mostCharacteristic(10).map(({ term }) => term)).not.toContain('common');
});
