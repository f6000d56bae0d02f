/** The worker thread that holds the index and answers searches, so that a large index never blocks the server. */
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import MiniSearch, { type SearchResult } from 'minisearch';
import { INDEX_OPTIONS, type IndexedPassage } from '../pipeline/indexing.js';
import type { Passage } from '../pipeline/documents.js';
import type { SearchResponse, Hit, SearchRequest } from './search.js';

if (parentPort === null) throw new Error('This file is a worker thread. Run main.js instead.');
const port = parentPort;
const folder = workerData as string;

const MAX_HITS = 10;

const [json, passages] = await Promise.all([
  readFile(join(folder, 'index.json'), 'utf8'),
  open(join(folder, 'passages.jsonl')),
]);
const index = MiniSearch.loadJSON<IndexedPassage>(json, INDEX_OPTIONS);

port.on('message', (request: SearchRequest) => {
  void search(request).then((response) => port.postMessage(response));
});

async function search({ id, query }: SearchRequest): Promise<SearchResponse> {
  const results = index.search(query, {
    prefix: (term) => term.length > 2,
    fuzzy: (term) => (term.length > 5 ? 0.15 : false),
    boost: { title: 3, heading: 2 },
    combineWith: 'AND',
  });
  const hits = await Promise.all(results.slice(0, MAX_HITS).map((result) => hitOf(result, passages)));
  return { id, total: results.length, hits };
}

async function hitOf(result: SearchResult, file: FileHandle): Promise<Hit> {
  const length = Number(result['length']);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, Number(result['offset']));
  const { path, title, heading, language, text } = JSON.parse(buffer.toString('utf8')) as Passage;
  return { path, title, heading, language, text, words: result.terms };
}
