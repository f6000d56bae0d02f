/**
 * Issue 14, found 9, process managers: what `npm run serve` starts ends with it, and two signals within a second are
 * one, since a shell and its process group are often signalled both.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished, vi } from 'vitest';
import { accepts } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { SECRET } from '../support/tokens.js';
import { embedded, startOutside } from './support/outside.js';

// The start of `npm run serve` builds.
vi.setConfig({ testTimeout: 240_000 });

it('ends the server with `npm run serve`, and waits for its orderly end', async () => {
  const child = spawn('npm', ['run', 'serve', '--silent'], {
    env: { ...process.env, PORT: '0', JWT_SECRET: SECRET, LOG_LEVEL: 'info', ...embedded() },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, so that whatever it leaves behind can be ended.
    detached: true,
  });
  const group = -(child.pid ?? 0);
  onTestFinished(() => {
    try {
      process.kill(group, 'SIGKILL');
    } catch {
      // Nobody is left, as it should be.
    }
  });
  const lines: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const [, found] = /listening on http:\/\/[^:]+:(\d+)/.exec(line) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${String(code)} before it listened.`)));
  });
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  await eventually(async () => expect(await accepts(port)).toBe(false));
  expect(lines.at(-1)).toContain('server closed');
});

it('takes a second SIGTERM within a second for the same one', async () => {
  const server = await startOutside(embedded());
  const id = await server.start('p1');
  await server.phase('p1', id, 1);
  const { child, ended } = server.process;
  child.kill('SIGTERM');
  await server.process.lines.until((line) => line.includes('server shutting down'));
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
  expect(server.log()).toContain('server closed');
});
