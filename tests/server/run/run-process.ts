/** The command `run` in a process of its own, from one bundled file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

/** Bundles the command into a directory. */
export async function bundleCommand(directory: string): Promise<string> {
  const outfile = join(directory, 'run.mjs');
  await build({
    absWorkingDir: fileURLToPath(new URL('../../..', import.meta.url)),
    entryPoints: ['server/run/main.ts'],
    conditions: ['source'],
    format: 'esm',
    platform: 'node',
    bundle: true,
    outfile,
  });
  return outfile;
}

/** How it ended. */
export interface RunEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Starts it. */
export function startRun(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
) {
  const child = spawn(process.execPath, [file, 'run', ...args], { env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]): RunEnd => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: Buffer.concat(stdout),
    stderr,
  }));
  /** Resolves once it has written this. */
  const wrote = async (text: string): Promise<void> => {
    while (!Buffer.concat(stdout).includes(text)) {
      const more = once(child.stdout, 'data').then(() => true);
      if (!(await Promise.race([more, ended.then(() => false)])))
        throw new Error(`It ended without "${text}": ${stderr}`);
    }
  };
  return { child, ended, wrote };
}
