import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import MiniSearch from 'minisearch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MetricsInput } from '@ingestion-progress/schema';
import type { Source } from '../../../examples/folder-ingestion/pipeline/documents.js';
import { INDEX_OPTIONS } from '../../../examples/folder-ingestion/pipeline/indexing.js';
import {
  firstPossiblePhase,
  runPipeline,
  type PipelineListener,
} from '../../../examples/folder-ingestion/pipeline/pipeline.js';
import {
  readLines,
  writeLines,
  type LinePosition,
} from '../../../examples/folder-ingestion/pipeline/work-folder.js';

interface Report {
  readonly phase: number;
  readonly message?: string;
  readonly percent?: number | null;
  readonly metrics?: MetricsInput;
}

let scratch: string;
let source: Source;
const never = new AbortController().signal;

async function put(path: string, content: string | Buffer): Promise<void> {
  const file = join(source.root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

function recordReports(): PipelineListener & { readonly reports: Report[] } {
  const reports: Report[] = [];
  return {
    reports,
    phaseStarted: (phase, message) => reports.push({ phase, message }),
    progress: (phase, percent, metrics) => reports.push({ phase, percent, metrics }),
  };
}

const request = (fromPhase: number = 1) => ({ source, workFolder: join(scratch, 'work'), fromPhase });

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'pipeline-'));
  source = {
    root: join(scratch, 'source'),
    documentationOnly: false,
    skipFolders: ['node_modules'],
  };
  await mkdir(source.root);
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('the pipeline', () => {
  it('runs its four phases with real counts and bytes, each ending at 100%', async () => {
    await put('guide.md', '# Guide\n\nThe quick brown fox jumps over the lazy dog every morning.');
    await put(
      'deep/er/page.html',
      '<title>Page</title><p>Everyone who watches hears of every change that happens to it.',
    );
    await put(
      'code.ts',
      '/** Tells everybody how far the work has got by now. */\nexport function tell() {}',
    );
    await put('picture.png', Buffer.alloc(100));
    await put('node_modules/other/readme.md', 'not to be found');
    await put('.hidden/readme.md', 'not to be found');
    const listener = recordReports();
    const result = await runPipeline(request(), listener, never);

    expect(result).toMatchObject({ itemsProcessed: 3, itemsFailed: 0 });
    expect(result.output).toMatchObject({ documents: 3, passages: 3, duplicates: 0 });
    expect(result.output.languages).toContainEqual({ language: 'en', passages: 3 });
    expect(listener.reports.filter(({ message }) => message !== undefined).map(({ phase }) => phase)).toEqual(
      [1, 2, 3, 4],
    );
    for (const phase of [1, 2, 3, 4]) {
      expect(listener.reports.findLast((report) => report.phase === phase)?.percent).toBe(100);
    }
    const extraction = listener.reports.findLast((report) => report.phase === 2)?.metrics;
    expect(extraction).toMatchObject({ itemsTotal: 3, itemsProcessed: 3, bytesTotal: result.bytesProcessed });
    expect(result.bytesProcessed).toBeGreaterThan(150);
  });

  it('builds an index whose results lead to the passage', async () => {
    await put('a.md', '# Whales\n\nThe humpback sings for hours\u2028under water.');
    await put('b.md', '# Ants\n\nA colony has one queen.');
    await runPipeline(request(), recordReports(), never);
    const json = await readFile(join(scratch, 'work', 'index.json'), 'utf8');
    const [best] = MiniSearch.loadJSON(json, INDEX_OPTIONS).search('humpback');
    const passages = await readFile(join(scratch, 'work', 'passages.jsonl'));
    const offset = Number(best?.['offset']);
    const line = passages.subarray(offset, offset + Number(best?.['length'])).toString('utf8');
    expect(JSON.parse(line)).toMatchObject({ path: 'a.md', title: 'Whales' });
  });

  it('counts a file with unexpected content as failed, names it, and continues', async () => {
    await put('broken.md', Buffer.from([0x23, 0x00, 0x01]));
    await put('old.txt', Buffer.from('caf\xe9 au lait', 'latin1'));
    await put('fine.md', 'Fine.');
    const result = await runPipeline(request(), recordReports(), never);
    expect(result).toMatchObject({ itemsProcessed: 3, itemsFailed: 1 });
    expect(result.output.failures).toEqual([{ path: 'broken.md', reason: 'not a text file' }]);
    const passages = await readFile(join(scratch, 'work', 'passages.jsonl'), 'utf8');
    expect(passages).toContain('café au lait');
  });

  it('counts a file that was deleted before it was read as failed', async () => {
    await put('here.md', 'Here.');
    await put('gone.md', 'Gone.');
    const listener = recordReports();
    const removing: PipelineListener = {
      progress: listener.progress,
      phaseStarted: (phase) => {
        if (phase === 2) rmSync(join(source.root, 'gone.md'));
      },
    };
    const result = await runPipeline(request(), removing, never);
    expect(result.output.failures).toEqual([{ path: 'gone.md', reason: 'file no longer exists' }]);
  });

  it('skips duplicate passages, regardless of spaces and punctuation', async () => {
    await put('one.md', 'The same licence text, twice.');
    await put('two.md', 'The same  licence text — twice!');
    const result = await runPipeline(request(), recordReports(), never);
    expect(result.output).toMatchObject({ documents: 2, passages: 1, duplicates: 1 });
  });

  it('finds nothing in an empty folder, and completes', async () => {
    const listener = recordReports();
    const result = await runPipeline(request(), listener, never);
    expect(result).toMatchObject({ itemsProcessed: 0, itemsFailed: 0, bytesProcessed: 0 });
    expect(listener.reports.at(-1)).toMatchObject({ phase: 4, percent: 100 });
  });

  it('stops with the reason of its signal, and can resume where it stopped', async () => {
    await put('a.md', 'Alpha beta gamma.');
    const stop = new AbortController();
    const listener = recordReports();
    const stopping: PipelineListener = {
      progress: listener.progress,
      phaseStarted: (phase) => {
        if (phase === 3) stop.abort(new Error('stopped'));
      },
    };
    // The signal is checked at the start of the next phase at the latest.
    await expect(runPipeline(request(), stopping, stop.signal)).rejects.toThrow('stopped');

    expect(await firstPossiblePhase(request(), 4)).toBeGreaterThanOrEqual(3);
    expect(await firstPossiblePhase(request(), 2)).toBe(2);
    const again = recordReports();
    const result = await runPipeline(request(3), again, never);
    expect(again.reports[0]?.phase).toBe(3);
    expect(result.output).toMatchObject({ documents: 1, passages: 1 });
  });

  it('starts with the first phase if the kept results are of another source', async () => {
    await put('a.md', 'Alpha.');
    await runPipeline(request(), recordReports(), never);
    source = { ...source, documentationOnly: true };
    expect(await firstPossiblePhase(request(), 4)).toBe(1);
  });

  it('rejects if the source itself is missing', async () => {
    await rm(source.root, { recursive: true });
    await expect(runPipeline(request(), recordReports(), never)).rejects.toThrow('ENOENT');
  });
});

describe('lines of JSON', () => {
  it('are read as they were written, with their positions, whatever they contain', async () => {
    const path = join(scratch, 'lines.jsonl');
    const values = ['plain', 'two\nlines', 'sep\u2028ara\u2029tors', 'ümläut 😀', ''].map((text) => ({
      text,
    }));
    const positions: LinePosition[] = [];
    {
      await using lines = await writeLines(path);
      for (const value of values) positions.push(await lines.write(value));
    }
    const read = [];
    for await (const value of readLines<{ text: string }>(path)) read.push(value);
    expect(read).toEqual(values.map((value, index) => ({ ...value, ...positions[index] })));
  });
});
