/** Who may read what the demo keeps: passages of people's documents. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCollections } from '../../../examples/folder-ingestion/job/collections.js';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';

test('only their own user may enter the folder of the collections, also one that was open', async () => {
  const folder = createTemporaryDirectory();
  onTestFinished(() => folder.delete());
  for (const place of ['new', 'old']) {
    const dataDir = join(folder.path, place);
    const home = join(dataDir, 'folder-ingestion');
    if (place === 'old') mkdirSync(home, { recursive: true, mode: 0o755 });
    await openCollections(dataDir);
    expect(statSync(home).mode & 0o777, place).toBe(0o700);
  }
});
