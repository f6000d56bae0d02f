/** The command `run` with a real server: the command stays as it is, and is seen. */
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { runCommand } from '../../../server/run/command.js';
import { createReporter } from '../../../server/reporter/index.js';
import { startTestServer, tokenFor, type RunningServer } from '../../integration/support/running-server.js';
import { freePort } from '../../support/daemon.js';
import { createTemporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.js';
import { PassThrough } from 'node:stream';
import { bundleCommand, startRun } from './run-process.js';

// Processes start slowly while all tests run.
vi.setConfig({ testTimeout: 60_000 });

let scratch: TemporaryDirectory;
let file: string;
beforeAll(async () => {
  scratch = createTemporaryDirectory();
  file = await bundleCommand(scratch.path);
});
afterAll(() => scratch.delete());

const token = tokenFor({ scope: 'progress:write ingestion:control' });
const environmentOf = (url: string) => ({
  INGESTION_PROGRESS_URL: `${url}/graphql`,
  INGESTION_PROGRESS_TOKEN: token,
});

function start({ url }: { readonly url: string }, args: readonly string[], env = {}) {
  return startRun(file, ['--project', 'p1', ...args], { ...environmentOf(url), ...env });
}
const node = (source: string) => ['--', process.execPath, '--eval', source];
const FOREVER = 'setInterval(() => {}, 1_000)';

async function stateOf(server: RunningServer): Promise<unknown> {
  return (await server.get('/api/projects/p1/progress')).json();
}

describe('a command that completes', () => {
  it('has its output passed on byte for byte, its input and arguments too, and completes the ingestion', async () => {
    const server = await startTestServer();
    const bytes = randomBytes(3_000_000);
    const source = `process.stdin.pipe(process.stdout); console.error(process.argv.slice(1).join('|'))`;
    const { child, ended } = start(server, [...node(source), '--', '--project', 'a b', '']);
    child.stdin.end(bytes);
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(0);
    expect(stdout.equals(bytes)).toBe(true);
    expect(stderr).toBe('--project|a b|\n');
    expect(await stateOf(server)).toMatchObject({
      status: 'COMPLETED',
      title: 'node',
      phases: [{ name: 'node' }],
    });
  });

  it('is shown while it runs, with the id, title, labels and phases that it was given', async () => {
    const server = await startTestServer();
    const source = `
      console.log('{"phase": 2, "message": "Extracting", "total": 12}');
      console.log('{"done": 5}');
      console.log('{"problem": {"item": "a.pdf", "code": "UNREADABLE"}}');
      process.stdin.resume();`;
    const names = [
      '--id',
      'night',
      '--title',
      'Nightly',
      '--label',
      'host=a=b',
      '--phase',
      'Read',
      '--phase',
      'Write',
    ];
    const { child, ended } = start(server, [...names, '--format', 'json-lines', ...node(source)]);
    await expect
      .poll(() => stateOf(server))
      .toMatchObject({
        id: 'night',
        title: 'Nightly',
        labels: [{ name: 'host', value: 'a=b' }],
        problems: { errors: 1 },
        phases: [
          { name: 'Read', status: 'COMPLETED' },
          {
            name: 'Write',
            status: 'RUNNING',
            message: 'Extracting',
            metrics: { itemsProcessed: 5, itemsTotal: 12 },
          },
        ],
      });
    child.stdin.end();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED', progressPercent: 100 });
  });

  it('may open its output by the names that the system has for it', async () => {
    const server = await startTestServer();
    const { ended } = start(server, ['--', 'sh', '-c', 'echo out > /dev/stdout; echo error > /dev/stderr']);
    const { code, stdout, stderr } = await ended;
    expect([code, stdout.toString(), stderr]).toEqual([0, 'out\n', 'error\n']);
  });

  it('loses nothing of its last words, and does not wait for a process that it leaves behind', async () => {
    const server = await startTestServer();
    const began = performance.now();
    const { ended } = start(server, ['--', 'sh', '-c', 'sleep 50 & echo $!; printf last']);
    const { code, stdout } = await ended;
    const [left, last] = stdout.toString().split('\n');
    process.kill(Number(left));
    expect([code, last]).toEqual([0, 'last']);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('ends by SIGPIPE, as without it, if nobody reads its output any more', async () => {
    const server = await startTestServer();
    const { child, ended } = start(server, ['--', 'yes']);
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await ended).toMatchObject({ code: 141 });
    expect(await stateOf(server)).toMatchObject({ error: { errorCode: 'COMMAND_TERMINATED' } });
  });
});

describe('a command that fails', () => {
  it('keeps its exit code, and the end of what it wrote to standard error is the message', async () => {
    const server = await startTestServer();
    const source = `for (let i = 1; i <= 500; i += 1) console.error('\\u001b[31mline ' + i + ' '.repeat(50) + '.'); process.exitCode = 3`;
    const { code, stderr } = await start(server, node(source)).ended;
    expect(code).toBe(3);
    expect(stderr.split('\n')).toHaveLength(501);
    const state = (await stateOf(server)) as { readonly error: { readonly message: string } };
    expect(state).toMatchObject({
      status: 'FAILED',
      error: { errorCode: 'COMMAND_FAILED', recoverable: false },
    });
    expect(state.error.message).toMatch(/^node ended with exit code 3\.\nline 491 +\.\n[^]*\nline 500 +\.$/);
  });

  it.each([
    ['not there', 127, 'COMMAND_NOT_FOUND', () => 'no-such-command'],
    ['below a file', 126, 'COMMAND_NOT_EXECUTABLE', () => '/etc/passwd/a'],
    [
      'not executable',
      126,
      'COMMAND_NOT_EXECUTABLE',
      () => {
        const path = join(scratch.path, 'text');
        writeFileSync(path, 'text');
        chmodSync(path, 0o600);
        return path;
      },
    ],
  ])('is %s: exit code %d, and the ingestion says why', async (_why, exitCode, errorCode, program) => {
    const server = await startTestServer();
    const { code, stderr } = await start(server, ['--', program()]).ended;
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(new RegExp(`^ingestion-progress: ${program()}: [^\\n]+\\n$`));
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: { errorCode, message: expect.stringContaining(program()) },
    });
  });

  it('may be started again with the same id, which is its next attempt', async () => {
    const server = await startTestServer();
    expect(await start(server, ['--id', 'a', ...node('process.exitCode = 1')]).ended).toMatchObject({
      code: 1,
    });
    expect(await stateOf(server)).toMatchObject({ error: { recoverable: true } });
    expect(await start(server, ['--id', 'a', ...node('')]).ended).toMatchObject({ code: 0, stderr: '' });
    expect(await stateOf(server)).toMatchObject({ id: 'a', status: 'COMPLETED', attempt: 2 });
  });
});

describe('a signal', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s reaches the command, which ends by it: exit code %d', async (signal, exitCode) => {
    const server = await startTestServer();
    const { child, ended, wrote } = start(server, node(`console.log('ready'); ${FOREVER}`));
    await wrote('ready');
    child.kill(signal);
    expect(await ended).toMatchObject({ code: exitCode, signal: null });
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: { errorCode: 'COMMAND_TERMINATED', message: `node was ended by ${signal}.` },
    });
  });

  it('may be handled by the command, whose exit code counts', async () => {
    const server = await startTestServer();
    const source = `process.on('SIGTERM', () => { console.log('tidy'); process.exit(0); }); console.log('ready'); ${FOREVER}`;
    const { child, ended, wrote } = start(server, node(source));
    await wrote('ready');
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    expect([code, stdout.toString()]).toEqual([0, 'ready\ntidy\n']);
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED' });
  });

  it('that ends the command itself is 128 and its number', async () => {
    const server = await startTestServer();
    expect(await start(server, node(`process.kill(process.pid, 'SIGKILL'); ${FOREVER}`)).ended).toMatchObject(
      {
        code: 137,
      },
    );
  });
});

describe('a request to cancel', () => {
  const cancel = (server: RunningServer, id: string) =>
    server.graphql(
      'mutation($id: ID!) { cancelIngestion(projectId: "p1", ingestionId: $id) { status } }',
      { id },
      token,
    );

  it('ends the command by SIGTERM', async () => {
    const server = await startTestServer();
    const { ended, wrote } = start(server, ['--id', 'c', ...node(`console.log('ready'); ${FOREVER}`)]);
    await wrote('ready');
    await expect
      .poll(async () => (await cancel(server, 'c')).data)
      .toEqual({ cancelIngestion: { status: 'ACCEPTED' } });
    expect(await ended).toMatchObject({ code: 143 });
    expect(await stateOf(server)).toMatchObject({ status: 'CANCELLED' });
  });

  it('ends a command that ignores SIGTERM by SIGKILL', async () => {
    const server = await startTestServer();
    const reporter = createReporter({ endpoint: `${server.url}/graphql`, token, projectId: 'p1' });
    onTestFinished(() => reporter.dispose());
    const run = await reporter.startIngestion({ cancellable: true });
    const stdout = new PassThrough();
    const end = runCommand({
      program: process.execPath,
      programArguments: [
        '--eval',
        `process.on('SIGTERM', () => console.log('no')); console.log('ready'); ${FOREVER}`,
      ],
      run,
      read: null,
      recoverable: false,
      killAfterMs: 300,
      unmatchedAfterMs: 60_000,
      onUnmatched: () => undefined,
      stdout,
      stderr: new PassThrough(),
    });
    for await (const chunk of stdout) {
      if (String(chunk).includes('ready')) await cancel(server, run.ingestionId);
      if (String(chunk).includes('no')) break;
    }
    const { exitCode, reported } = await end;
    await reported;
    expect(exitCode).toBe(137);
    expect(await stateOf(server)).toMatchObject({ status: 'CANCELLED' });
  });
});

describe('the command runs on, and one line on standard error says why nothing is shown', () => {
  const source = `console.log('out'); process.exitCode = 5`;
  it.each([
    ['there is no server', async () => ({ url: `http://127.0.0.1:${await freePort()}` }), {}, /ECONNREFUSED/],
    ['the token is wrong', () => startTestServer(), { INGESTION_PROGRESS_TOKEN: 'wrong' }, /UNAUTHENTICATED/],
    [
      'the token has expired',
      () => startTestServer(),
      { INGESTION_PROGRESS_TOKEN: tokenFor({ scope: 'progress:write', exp: 1 }) },
      /TOKEN_EXPIRED/,
    ],
    [
      'the token is for another project',
      () => startTestServer(),
      { INGESTION_PROGRESS_TOKEN: tokenFor({ scope: 'progress:write', projects: ['p2'] }) },
      /FORBIDDEN/,
    ],
    [
      'there is no token',
      () => startTestServer(),
      { INGESTION_PROGRESS_TOKEN: undefined },
      /INGESTION_PROGRESS_TOKEN/,
    ],
    ['the address is none', () => startTestServer(), { INGESTION_PROGRESS_URL: 'nowhere' }, /endpoint/],
    ['there is no address', () => startTestServer(), { INGESTION_PROGRESS_URL: undefined }, /--url/],
  ])('if %s', async (_why, server, env, reason) => {
    const { code, stdout, stderr } = await start(await server(), node(source), env).ended;
    expect([code, stdout.toString()]).toEqual([5, 'out\n']);
    expect(stderr).toMatch(/^ingestion-progress: progress is not reported: [^\n]+\n$/);
    expect(stderr).toMatch(reason);
  });

  it('if another ingestion of the project runs, which is left alone', async () => {
    const server = await startTestServer();
    await server.server.emitter.startIngestion('p1', { ingestionId: 'other' });
    const { code, stderr } = await start(server, node(source)).ended;
    expect(code).toBe(5);
    expect(stderr).toMatch(/^ingestion-progress: progress is not reported: [^\n]+\(CONFLICT\)\n$/);
    expect(await stateOf(server)).toMatchObject({ id: 'other', status: 'RUNNING' });
  });

  it('reads the token from a file', async () => {
    const server = await startTestServer();
    const path = join(scratch.path, 'token');
    writeFileSync(path, `${token}\n`, { mode: 0o600 });
    const { code, stderr } = await start(server, ['--token-file', path, ...node('')], {
      INGESTION_PROGRESS_TOKEN: undefined,
    }).ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('a format that never matches', () => {
  it('is said once, at the end of a short command', async () => {
    const server = await startTestServer();
    const { code, stderr } = await start(server, [
      '--format',
      'restic',
      ...node(`console.log('a'); console.log('b')`),
    ]).ended;
    expect(code).toBe(0);
    expect(stderr).toBe(
      'ingestion-progress: no line of node matches --format restic; only its start and end are reported.\n',
    );
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED' });
  });

  it('is said while a long command runs', async () => {
    const stdout = new PassThrough().resume();
    let isRunning = true;
    const unmatched = vi.fn(() => expect(isRunning).toBe(true));
    const aborted = new Promise<void>((resolve) => unmatched.mockImplementation(resolve));
    const source = `process.stdout.write('a\\n'); process.on('SIGTERM', () => process.exit(0)); ${FOREVER}`;
    const end = runCommand({
      program: process.execPath,
      programArguments: ['--eval', source],
      run: null,
      read: () => null,
      recoverable: false,
      killAfterMs: 0,
      unmatchedAfterMs: 50,
      onUnmatched: unmatched,
      stdout,
      stderr: new PassThrough(),
    });
    await aborted;
    process.emit('SIGTERM');
    expect((await end).exitCode).toBe(0);
    isRunning = false;
    expect(unmatched).toHaveBeenCalledOnce();
  });
});

describe('wrong arguments', () => {
  it.each([
    [['--', 'true'], 'Missing --project'],
    [['--project', 'p1'], 'Missing COMMAND'],
    [['--project', 'p1', 'true'], 'Unexpected argument "true"'],
    [['--project', 'p1', '--nonsense', '--', 'true'], '--nonsense'],
    [['--project', '..', '--', 'true'], '--project must be'],
    [['--project', 'p1', '--label', 'x', '--', 'true'], 'use NAME=VALUE'],
    [['--project', 'p1', '--format', 'x', '--', 'true'], 'Unknown format "x"'],
    [['--project', 'p1', '--format', 'regex', '--', 'true'], '--pattern'],
    [['--project', 'p1', '--format', 'regex', '--pattern', '(', '--', 'true'], 'regular expression'],
  ])('%j: exit code 2, and nothing is run', async (args, message) => {
    const { code, stdout, stderr } = await startRun(file, args).ended;
    expect([code, stdout.length]).toEqual([2, 0]);
    expect(stderr.split('\n')[0]).toContain(message);
  });

  it('are explained by --help', async () => {
    const { code, stdout } = await startRun(file, ['--help']).ended;
    expect(code).toBe(0);
    expect(stdout.toString()).toContain('Usage: npx @ingestion-progress/server run');
  });
});
