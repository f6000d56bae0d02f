/** Runs a job in a process of its own, with the reporter bundled as its only dependency. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** How a job ended. */
export interface JobEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from `done` on its standard output, or from its start, to its end. */
  readonly afterMs: number;
}

/** A job that runs. */
export interface Job {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves once the job has written this line. */
  line(text: string): Promise<void>;
  readonly ended: Promise<JobEnd>;
}

/** Bundles the reporter into a directory. */
export async function bundleReporter(directory: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['server/reporter/index.ts'],
    conditions: ['source'],
    format: 'esm',
    platform: 'neutral',
    bundle: true,
    outfile: join(directory, 'reporter.mjs'),
  });
}

/** Starts a job: a module in which `reporter` is one for project p1. */
export function startJob(
  directory: string,
  source: string,
  { endpoint, token, options = '{}', node = [] }: JobOptions,
): Job {
  const module = `
    import { createReporter } from ${JSON.stringify(join(directory, 'reporter.mjs'))};
    const reporter = createReporter({
      endpoint: ${JSON.stringify(endpoint)}, token: ${JSON.stringify(token)}, projectId: 'p1', ...${options},
    });
    ${source}`;
  const child = spawn(process.execPath, [...node, '--input-type=module', '--eval', module]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let doneAt = performance.now();
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (/^done$/m.test(output)) doneAt = performance.now();
  });
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]): JobEnd => {
    return {
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      afterMs: performance.now() - doneAt,
    };
  });
  const line = async (text: string): Promise<void> => {
    while (!output.split('\n').includes(text)) {
      const more = once(child.stdout, 'data').then(() => true);
      if (!(await Promise.race([more, ended.then(() => false)]))) {
        throw new Error(`The job ended without a line ${text}: ${output} ${errors}`);
      }
    }
  };
  return { child, output: () => output, errors: () => errors, line, ended };
}

/** Options of a job. */
export interface JobOptions {
  readonly endpoint: string;
  readonly token: string;
  /** Source of further options of the reporter. */
  readonly options?: string;
  /** Arguments of Node.js. */
  readonly node?: readonly string[];
}
