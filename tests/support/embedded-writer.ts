/**
 * Writes one revision after another to an embedded store and prints each as soon as it is acknowledged, until it is
 * killed. Run in its own process: `node --import tsx embedded-writer.ts DATA_DIR`.
 */
import { createEmbeddedStore } from '../../server/store/embedded-store.js';
import { entryOf, recordOf } from './records.js';

const store = createEmbeddedStore({ dataDir: process.argv[2] ?? '' });
await store.open();
await store.write([{ record: recordOf(), guard: { kind: 'start' }, events: [entryOf(1)] }]);
console.log('1');
for (let revision = 2; ; revision += 1) {
  const [outcome] = await store.write([
    { record: recordOf({ revision }), guard: { kind: 'change' }, events: [entryOf(revision)] },
  ]);
  if (outcome?.written !== true) throw new Error(`revision ${revision} was rejected`);
  console.log(String(revision));
}
