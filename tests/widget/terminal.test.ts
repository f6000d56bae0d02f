import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressServer } from '@ingestion-progress/server';
import { createIngestionClient } from '../../widget/client/client.js';
import { readArguments } from '../../widget/terminal/arguments.js';
import { statusLine } from '../../widget/terminal/status-line.js';
import { watchInTerminal } from '../../widget/terminal/watch.js';
import type { Snapshot } from '../../widget/client/types.js';
import { createScriptedClient } from '../../widget/testing/scripted-client.js';
import { startServer, tokenFor } from './support/real-server.js';
import { completedOf, failedOf, progressOf } from './support/states.js';

const snapshot = (over: Partial<Snapshot>): Snapshot => ({
  connection: { state: 'connected' },
  progress: null,
  knowledge: 'confirmed',
  isDegraded: false,
  isOffline: false,
  scopes: null,
  serverTime: null,
  receivedAt: null,
  ...over,
});

describe('The status line', () => {
  it.each([
    [snapshot({}), 'Waiting for an ingestion to start'],
    [snapshot({ connection: { state: 'connecting' }, knowledge: 'none' }), 'No data yet  (connecting)'],
    ...[0, 2].map((attempt): [Snapshot, string] => [
      snapshot({
        connection: { state: 'reconnecting', attempt, maxAttempts: 10, nextAttemptAt: 1, error: null },
      }),
      `Waiting for an ingestion to start  (reconnecting${attempt === 0 ? '' : ', attempt 2 of 10'})`,
    ]),
    [
      snapshot({
        connection: { state: 'polling', attempt: 3, maxAttempts: 10, nextAttemptAt: 1, error: null },
      }),
      'Waiting for an ingestion to start  (polling)',
    ],
    [
      snapshot({ progress: progressOf({ currentPhase: 3, percent: 0, progressPercent: 50 }) }),
      '[############------------]  50%  3/4 Analysis',
    ],
    [snapshot({ progress: progressOf({ percent: null }) }), '[????????????????????????]   ?%  1/4 Discovery'],
    [snapshot({ progress: completedOf() }), '[########################] 100%  Completed, 10 items'],
    [
      snapshot({ progress: failedOf(false, { progressPercent: 25 }) }),
      '[######------------------]  25%  Failed: No answer. SOURCE_UNREACHABLE',
    ],
  ])('%#: says what a person would want to know', (now, line) => {
    expect(statusLine(now)).toBe(line);
  });

  it('shows what would steer the terminal as blanks, from whatever job or server it comes', () => {
    const steering = progressOf({ currentPhase: 3, progressPercent: 50 });
    const phases = steering.phases.map((phase) => ({ ...phase, message: 'a\u001b[2J\r\nb\u009b1m\u0007c' }));
    expect(statusLine(snapshot({ progress: { ...steering, phases } }))).toMatch(/a \[2J b 1m c/);
  });
});

describe('The arguments', () => {
  it.each([
    [[], /Missing command. Use watch/],
    [['stare', 'p1'], /Unknown command "stare"/],
    [['watch'], /Missing PROJECT/],
    [['watch', 'p1'], /Missing --endpoint/],
    [['watch', 'p1', 'p2', '--endpoint', 'x'], /Watch one project at a time/],
    [['watch', 'p1', '--endpoint', 'x', '--loud'], /--loud/],
  ])('%j are wrong, in a sentence', (argv, sentence) => {
    expect(readArguments(argv)).toEqual({ error: expect.stringMatching(sentence) });
  });
});

describe('Watching in a terminal', () => {
  it('draws over one line in a TTY, never wider than it', async () => {
    const client = createScriptedClient({ progress: progressOf() });
    let written = '';
    const output = { isTTY: true, columns: 20, write: (text: string) => void (written += text) };
    const code = watchInTerminal(client, output, { json: false, follow: false });
    client.show({ progress: completedOf() });
    expect(await code).toBe(0);
    const lines = written.split('\r\u001b[2K').slice(1);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.trimEnd().length).toBeLessThan(20);
  });
});

describe('A connection that stopped before the first listener', () => {
  it('ends the command at once, with a line that says why', async () => {
    const lines: string[] = [];
    const client = createIngestionClient({ projectId: '..', endpoint: 'https://api.example/graphql' });
    const output = { isTTY: false, columns: 80, write: (text: string) => void lines.push(text) };
    expect(await watchInTerminal(client, output, { json: false, follow: false })).toBe(4);
    expect(lines).toEqual([expect.stringMatching(/error: Invalid project id "\.\."/)]);
  });
});

describe('The command', { timeout: 120_000 }, () => {
  let server: ProgressServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  const root = new URL('../../', import.meta.url).pathname;
  function run(...argv: readonly string[]) {
    const child = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--import',
        `${root}node_modules/tsx/dist/loader.mjs`,
        `${root}widget/terminal/main.ts`,
        ...argv,
      ],
      {
        cwd: root,
        env: { ...process.env, INGESTION_PROGRESS_TOKEN: tokenFor({ projects: ['p1', 'p2', 'p3'] }) },
      },
    );
    let said = '';
    const waiting = new Set<() => void>();
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      said += more;
      for (const look of waiting) look();
    });
    return {
      said: () => said,
      says: (words: string): Promise<void> =>
        new Promise((resolve) => {
          const look = (): void => {
            if (said.includes(words)) resolve();
          };
          waiting.add(look);
          look();
        }),
      complaints: text(child.stderr),
      stopReading: () => child.stdout.destroy(),
      code: once(child, 'exit').then(([code]) => code as number | null),
    };
  }

  it('shows a run to its end, line by line, and exits by its outcome', async () => {
    const endpoint = `${server.url}/graphql`;
    const command = run('watch', 'p1', '--endpoint', endpoint);
    await command.says('Waiting for an ingestion to start\n');
    await server.emitter.emitPhaseStarted('p1', 1, 'Reading the folder');
    await command.says('1/4 Discovery: Reading the folder\n');
    await server.emitter.emitComplete('p1', { itemsProcessed: 10, itemsFailed: 2 });
    expect(await command.code).toBe(3);
    expect(command.said()).toMatch(/100% {2}Completed with errors, 10 items, 2 failed\n$/);
    expect(command.said()).not.toContain('\r');
  });

  it('speaks JSON to scripts', async () => {
    const command = run('watch', 'p2', '--endpoint', `${server.url}/graphql`, '--json');
    await command.says('"connected"');
    await server.emitter.emitPhaseStarted('p2', 1, 'Reading');
    await server.emitter.emitError('p2', 1, { errorCode: 'NO_SPACE', message: 'Full.', recoverable: false });
    expect(await command.code).toBe(1);
    const lines = command
      .said()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { progress: unknown });
    expect(lines.at(-1)?.progress).toMatchObject({ status: 'FAILED', error: { errorCode: 'NO_SPACE' } });
  });

  it('ends with 4 where the project is not the token’s, and with 2 where it was typed wrong', async () => {
    const refused = run('watch', 'not-mine', '--endpoint', `${server.url}/graphql`);
    const wrong = run('watch');
    expect(await refused.code).toBe(4);
    expect(refused.said()).toContain('unauthorized');
    expect(await wrong.code).toBe(2);
  });

  it('ends without a word, as the commands before it in a pipe do, once nobody reads what it says', async () => {
    const command = run('watch', 'p3', '--endpoint', `${server.url}/graphql`);
    await command.says('Waiting for an ingestion to start\n');
    command.stopReading();
    await server.emitter.emitPhaseStarted('p3', 1, 'Reading the folder');
    expect(await command.code).toBe(141);
    expect(await command.complaints).toBe('');
  });
});
