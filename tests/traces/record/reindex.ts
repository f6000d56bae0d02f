/**
 * Records a task that is asked for its status each second, as a reindex of Elasticsearch is: `total`, `created` and
 * `batches` move only when a batch of 500 documents is done. Each document is read, cut into words and put into an
 * inverted index; a worker thread does it. `tsx reindex.ts FOLDER`
 */
import { readFileSync } from 'node:fs';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createRecorder, filesUnder } from './recorder.js';

const BATCH = 500;

interface Status {
  readonly total: number;
  readonly created: number;
  readonly batches: number;
}

function reindex(folder: string): void {
  const documents = filesUnder(folder)
    .filter(({ path, bytes }) => bytes < 200_000 && /\.(js|ts|json|md|py|txt|h)$/.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const index = new Map<string, number[]>();
  for (let from = 0; from < documents.length; from += BATCH) {
    const batch = documents.slice(from, from + BATCH);
    batch.forEach(({ path }, at) => {
      const words =
        readFileSync(path, 'utf8')
          .toLowerCase()
          .normalize('NFKD')
          .match(/\p{L}{2,}/gu) ?? [];
      for (const word of new Set(words)) {
        const postings = index.get(word);
        if (postings === undefined) index.set(word, [from + at]);
        else postings.push(from + at);
      }
    });
    const status: Status = {
      total: documents.length,
      created: from + batch.length,
      batches: from / BATCH + 1,
    };
    parentPort?.postMessage(status);
  }
}

if (isMainThread) {
  const folder = process.argv[2] ?? '/usr/share';
  const recorder = createRecorder(
    `Node ${process.version}: inverted index in batches of ${BATCH}, polled each second`,
  );
  recorder.startPhase('Reindex');
  let status: Status = { total: 0, created: 0, batches: 0 };
  const poll = setInterval(() => {
    if (status.total > 0) recorder.say({ itemsDone: status.created, itemsTotal: status.total });
  }, 1_000);
  const worker = new Worker(
    `import('tsx/esm/api').then(({ register }) => { register(); import(${JSON.stringify(import.meta.url)}); });`,
    { eval: true, workerData: folder },
  );
  worker.on('message', (message: Status) => (status = message));
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  clearInterval(poll);
  recorder.say({ itemsDone: status.created, itemsTotal: status.total });
  recorder.save('reindex');
} else {
  reindex(String(workerData));
}
