/** ffmpeg, restic and rclone under `run`: watched from beginning to end. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestServer, tokenFor } from '../../integration/support/running-server.js';
import { connectStock, watchStock } from '../../integration/support/stock-client.js';
import { createTemporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.js';
import { bundleCommand, startRun } from './run-process.js';

// They work for some seconds, on a machine that all tests share.
vi.setConfig({ testTimeout: 120_000 });

const token = tokenFor({ scope: 'progress:write ingestion:control' });
let scratch: TemporaryDirectory;
let file: string;
beforeAll(async () => {
  scratch = createTemporaryDirectory();
  file = await bundleCommand(scratch.path);
});
afterAll(() => scratch.delete());

const at = (name: string) => join(scratch.path, name);

/** Runs it to its end; resolves with that, the final state and the percents that a watcher saw. */
async function watched(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const server = await startTestServer();
  const { events } = watchStock(connectStock(server.wsUrl, { token: tokenFor() }), 'p1', { follow: true });
  const { child, ended } = startRun(file, ['--project', 'p1', ...args], {
    INGESTION_PROGRESS_URL: `${server.url}/graphql`,
    INGESTION_PROGRESS_TOKEN: token,
    ...env,
  });
  const isOver = (name: string) =>
    ['IngestionComplete', 'IngestionFailed', 'IngestionCancelled'].includes(name);
  const watchedEnd = events.until((event) => isOver(event.__typename));
  const percents = () =>
    events.all
      .map((event) => event.progress?.phases[0]?.percent)
      .filter((percent) => typeof percent === 'number');
  return { server, child, ended, watchedEnd, percents };
}

/** Files of this many bytes. */
function sourceOf(name: string, files: number, bytes: number): string {
  mkdirSync(at(name));
  for (let number = 1; number <= files; number += 1)
    writeFileSync(join(at(name), `${number}.bin`), randomBytes(bytes));
  return at(name);
}

function video(seconds: number): string {
  const path = at(`in-${seconds}.mp4`);
  const source = `testsrc=duration=${seconds}:size=640x480:rate=25`;
  execFileSync('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    source,
    '-preset',
    'ultrafast',
    '-y',
    path,
  ]);
  return path;
}

it('ffmpeg: frames and percent, and what it makes is what it makes alone', async () => {
  const source = video(20);
  const args = [
    '-nostdin',
    '-stats_period',
    '0.1',
    '-progress',
    'pipe:2',
    '-i',
    source,
    '-vf',
    'scale=320:240',
  ];
  const bare = execFileSync('ffmpeg', [...args, '-bitexact', '-f', 'matroska', 'pipe:1'], {
    maxBuffer: 1e9,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { ended, watchedEnd, percents } = await watched([
    '--format',
    'ffmpeg',
    '--',
    'ffmpeg',
    ...args,
    '-bitexact',
    '-f',
    'matroska',
    'pipe:1',
  ]);
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout.equals(bare)).toBe(true);
  const { progress } = await watchedEnd;
  expect(progress).toMatchObject({ status: 'COMPLETED', phases: [{ metrics: { itemsProcessed: 500 } }] });
  expect(percents().some((percent) => percent > 5 && percent < 95)).toBe(true);
});

it('ffmpeg: ends by Ctrl-C in its own way, with its own exit code', async () => {
  const source = video(20);
  const { child, ended, watchedEnd } = await watched([
    ...['--format', 'ffmpeg', '--', 'ffmpeg', '-nostdin', '-re', '-i', source],
    ...['-progress', 'pipe:1', '-y', at('cut.mp4')],
  ]);
  for await (const chunk of child.stdout) if (String(chunk).includes('frame=')) break;
  child.kill('SIGINT');
  expect((await ended).code).toBe(255);
  expect((await watchedEnd).progress).toMatchObject({
    status: 'FAILED',
    error: {
      errorCode: 'COMMAND_FAILED',
      message: expect.stringContaining('Exiting normally, received signal 2.'),
    },
  });
  // It closed the file in order.
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-i', at('cut.mp4'), '-f', 'null', '-']);
});

it('restic: files and bytes of a backup, and its own words if there is no repository', async () => {
  const env = { RESTIC_PASSWORD: 'x', RESTIC_PROGRESS_FPS: '20', RESTIC_REPOSITORY: at('repository') };
  const source = sourceOf('source', 40, 2_000_000);
  const backup = ['--format', 'restic', '--', 'restic', 'backup', '--no-cache', '--json', source];
  const failed = await watched(backup, env);
  expect((await failed.ended).code).toBe(1);
  expect((await failed.watchedEnd).progress).toMatchObject({
    error: { errorCode: 'COMMAND_FAILED', message: expect.stringContaining('Is there a repository') },
  });
  execFileSync('restic', ['init', '--quiet', '--no-cache'], { env: { ...process.env, ...env } });
  const { ended, watchedEnd } = await watched(backup, env);
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout.toString().trim().split('\n').at(-1) ?? '')).toMatchObject({
    message_type: 'summary',
  });
  expect((await watchedEnd).progress).toMatchObject({
    status: 'COMPLETED',
    phases: [{ metrics: { itemsProcessed: 40, bytesProcessed: 80_000_000 } }],
  });
});

it('rclone: files and bytes of a copy, and a cancel from the page', async () => {
  const source = sourceOf('tree', 20, 500_000);
  const copy = (target: string, limit: string) => [
    ...['--format', 'rclone', '--', 'rclone', 'copy', source, at(target), '--use-json-log', '-v'],
    ...['--stats', '100ms', '--bwlimit', limit, '--config', '/dev/null'],
  ];
  const { ended, watchedEnd, percents } = await watched(copy('copied', '8M'));
  expect((await ended).code).toBe(0);
  expect((await watchedEnd).progress).toMatchObject({
    status: 'COMPLETED',
    phases: [{ metrics: { itemsProcessed: 20, bytesProcessed: 10_000_000 } }],
  });
  expect(percents().some((percent) => percent > 5 && percent < 95)).toBe(true);
  expect(readFileSync(join(at('copied'), '7.bin')).equals(readFileSync(join(source, '7.bin')))).toBe(true);

  const slow = await watched(['--id', 'slow', ...copy('slow', '100k')]);
  const cancel = 'mutation { cancelIngestion(projectId: "p1", ingestionId: "slow") { status } }';
  await expect
    .poll(async () => (await slow.server.graphql(cancel, {}, token)).data)
    .toEqual({ cancelIngestion: { status: 'ACCEPTED' } });
  expect((await slow.ended).code).toBe(143);
  expect((await slow.watchedEnd).progress).toMatchObject({ status: 'CANCELLED' });
  expect(existsSync(join(at('slow'), '20.bin'))).toBe(false);
});
