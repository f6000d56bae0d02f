/**
 * Where the phases leave what they made, one file each, so that memory stays small and a retry can begin further in.
 * Knows lines and bytes; leaves what they mean to the phases.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CollectionFacts, Source } from './documents.js';

/** What a phase that reads the source counts. */
export interface Found {
  readonly bytes: number;
  readonly failed: number;
  /** The first few of those that failed. */
  readonly failures: CollectionFacts['failures'];
}

/** What finished phases are remembered by. */
export interface Manifest {
  readonly source: Source;
  readonly discovered?: Found & { readonly files: number };
  readonly extracted?: Found & { readonly documents: number; readonly characters: number };
  readonly analysed?: Omit<CollectionFacts, 'failures'>;
  readonly indexed?: { readonly bytes: number };
}

/** The files of one run. */
export interface WorkFolder {
  readonly files: string;
  readonly texts: string;
  readonly passages: string;
  readonly index: string;
  /** Null where there is none, or none that can be used. */
  readManifest(): Promise<Manifest | null>;
  writeManifest(manifest: Manifest): Promise<void>;
}

/** Opens the folder of a run, and makes it where it is not there. */
export async function openWorkFolder(folder: string): Promise<WorkFolder> {
  await mkdir(folder, { recursive: true });
  const manifest = join(folder, 'manifest.json');
  return {
    files: join(folder, 'files.jsonl'),
    texts: join(folder, 'texts.jsonl'),
    passages: join(folder, 'passages.jsonl'),
    index: join(folder, 'index.json'),
    readManifest: () =>
      readFile(manifest, 'utf8').then(
        (json) => JSON.parse(json) as Manifest,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return null;
          throw error;
        },
      ),
    async writeManifest(value) {
      // Written whole and then renamed: a run that was killed leaves the old one.
      await writeFile(`${manifest}.new`, JSON.stringify(value));
      await rename(`${manifest}.new`, manifest);
    },
  };
}

/** Where a line stands in its file, in bytes. */
export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/** Writes values as lines of JSON; what was written is in the file once the writer is disposed of. */
export interface LineWriter extends AsyncDisposable {
  write(value: unknown): Promise<LinePlace>;
}

const BUFFER_BYTES = 1 << 20;

/** JSON lets U+2028 and U+2029 stand as they are, and node:readline takes them for ends of lines. */
function asOneLine(value: unknown): string {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (end) =>
    end === '\u2028' ? '\\u2028' : '\\u2029',
  );
}

/** Begins a file of JSON lines anew. */
export async function writeLines(path: string): Promise<LineWriter> {
  const file = await open(path, 'w');
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let offset = 0;
  const flush = async (): Promise<void> => {
    const chunk = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    await file.writeFile(chunk);
  };
  return {
    async write(value) {
      const line = Buffer.from(`${asOneLine(value)}\n`);
      const place = { offset, length: line.length };
      offset += line.length;
      waiting.push(line);
      waitingBytes += line.length;
      if (waitingBytes >= BUFFER_BYTES) await flush();
      return place;
    },
    async [Symbol.asyncDispose]() {
      await flush();
      await file.close();
    },
  };
}

/** Reads what `writeLines` wrote, one value at a time. The caller says what it wrote there. */
export async function* readLines<T>(path: string): AsyncGenerator<T & LinePlace> {
  let offset = 0;
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    const length = Buffer.byteLength(line) + 1;
    yield { ...(JSON.parse(line) as T), offset, length };
    offset += length;
  }
}
