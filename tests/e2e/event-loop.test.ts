/** The demo's ingestion never blocks the server's event loop: all of it runs in a worker thread. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { runInThread as RunInThread } from '../../examples/folder-ingestion/job/run-in-thread.js';
import type { PipelineListener } from '../../examples/folder-ingestion/pipeline/pipeline.js';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.js';
import { ROOT } from './support/demo-process.js';

const TIMEOUT_MS = 60_000;
const never = new AbortController().signal;
let scratch: TemporaryDirectory;
let runInThread: typeof RunInThread;

beforeAll(async () => {
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: ROOT, stdio: 'inherit' });
  const built = pathToFileURL(join(ROOT, 'examples/folder-ingestion/dist/job/run-in-thread.js'));
  ({ runInThread } = (await import(built.href)) as { runInThread: typeof RunInThread });
}, 120_000);
beforeEach(() => {
  scratch = createTemporaryDirectory();
  mkdirSync(join(scratch.path, 'source'));
  for (let number = 0; number < 300; number += 1) {
    const text = Array.from({ length: 40 }, (_, line) => `Passage ${line} of document ${number}.\n\n`);
    writeFileSync(join(scratch.path, `source/${number}.md`), `# Document ${number}\n\n${text.join('')}`);
  }
});
afterEach(() => scratch.delete());

function begin(listener: Partial<PipelineListener> = {}) {
  const workFolder = join(scratch.path, 'work');
  const source = { root: join(scratch.path, 'source'), documentationOnly: false, skipFolders: [] };
  const run = runInThread(
    { source, workFolder, fromPhase: 1 },
    { phaseStarted: () => undefined, progress: () => undefined, ...listener },
    never,
  );
  return { run, index: join(workFolder, 'index.json') };
}

it('an ingestion reaches its index while the event loop that started it is blocked', async () => {
  let phases = 0;
  const { run, index } = begin({ phaseStarted: () => (phases += 1) });
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const until = performance.now() + TIMEOUT_MS;
  // Blocks this thread and its event loop, so nothing of the job can run here.
  while (!existsSync(index) && performance.now() < until) Atomics.wait(signal, 0, 0, 20);
  expect(existsSync(index)).toBe(true);
  expect(phases).toBe(0);
  expect((await run).output.documents).toBe(300);
  expect(phases).toBe(4);
});

it('the longest block of the event loop meanwhile is measured and printed', async () => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await begin().run;
  delay.disable();
  // Printed, not asserted: next to other suites it depends on the machine.
  console.info(`  event loop blocked for ${(delay.max / 1e6).toFixed(1)} ms at most during an ingestion`);
  expect(delay.count).toBeGreaterThan(0);
});
