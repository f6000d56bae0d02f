/**
 * The results of the phases, one file each, so that memory use stays small and a retry can skip phases. Knows lines and
 * bytes, but not their meaning.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CollectionFacts, Source } from './documents.js';

/** Counts of a phase that reads the source. */
export interface SourceCounts {
  readonly bytes: number;
  readonly failed: number;
  /** The first few failures. */
  readonly failures: CollectionFacts['failures'];
}

/** The counts of the finished phases. */
export interface Manifest {
  readonly source: Source;
  readonly discovered?: SourceCounts & { readonly files: number };
  readonly extracted?: SourceCounts & { readonly documents: number; readonly characters: number };
  readonly analysed?: Omit<CollectionFacts, 'failures'>;
  readonly indexed?: { readonly bytes: number };
}

/** The files of one run. */
export interface WorkFolder {
  readonly files: string;
  readonly texts: string;
  readonly passages: string;
  readonly index: string;
  /** Null if there is none. */
  readManifest(): Promise<Manifest | null>;
  writeManifest(manifest: Manifest): Promise<void>;
}

/** Opens the folder of a run; creates it if it is missing. */
export async function openWorkFolder(folder: string): Promise<WorkFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
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
      // Written to another file and renamed: a killed run leaves the old one.
      await writeFile(`${manifest}.new`, JSON.stringify(value));
      await rename(`${manifest}.new`, manifest);
    },
  };
}

/** The position of a line in its file, in bytes. */
export interface LinePosition {
  readonly offset: number;
  readonly length: number;
}

/** Writes values as lines of JSON; everything is in the file when the writer is disposed. */
export interface LineWriter extends AsyncDisposable {
  write(value: unknown): Promise<LinePosition>;
}

const BUFFER_BYTES = 1 << 20;

/** JSON does not escape U+2028 and U+2029, which node:readline treats as line ends. */
function asOneLine(value: unknown): string {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (end) =>
    end === '\u2028' ? '\\u2028' : '\\u2029',
  );
}

/** Creates or truncates a file of JSON lines. */
export async function writeLines(path: string): Promise<LineWriter> {
  const file = await open(path, 'w');
  let buffered: Buffer[] = [];
  let bufferedBytes = 0;
  let offset = 0;
  const flush = async (): Promise<void> => {
    const chunk = Buffer.concat(buffered);
    buffered = [];
    bufferedBytes = 0;
    await file.writeFile(chunk);
  };
  return {
    async write(value) {
      const line = Buffer.from(`${asOneLine(value)}\n`);
      const position = { offset, length: line.length };
      offset += line.length;
      buffered.push(line);
      bufferedBytes += line.length;
      if (bufferedBytes >= BUFFER_BYTES) await flush();
      return position;
    },
    async [Symbol.asyncDispose]() {
      await flush();
      await file.close();
    },
  };
}

/** Reads the values that `writeLines` wrote, one at a time, with their positions. The caller knows their type. */
export async function* readLines<T>(path: string): AsyncGenerator<T & LinePosition> {
  let offset = 0;
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    const length = Buffer.byteLength(line) + 1;
    yield { ...(JSON.parse(line) as T), offset, length };
    offset += length;
  }
}
