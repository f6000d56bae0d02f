/**
 * What every abuse test looks on with: a built server as a process with a 256 MB heap, honest users of it, its memory,
 * CPU and log, and attackers in processes of their own. Knows no attack.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.js';
import { createTemporaryDirectory } from '../support/temporary-directory.js';
import { SECRET, tokenFor } from '../support/tokens.js';
import { ask, askGraphql, keptConnections, openAcknowledged } from './wire.js';
import type { Line, Message } from './wire.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Heap of the attacked server, in MB: that of a container of 512 Mi. */
export const HEAP_MB = 256;
/** Most resident memory at any moment, in bytes: past it such a container is killed. */
export const CONTAINER_BYTES = 512 * 1_048_576;
/** How much more memory than before may be in use after an attack, in bytes. */
export const MEMORY_SLACK_BYTES = 30 * 1_048_576;
/** Longest line of the log, in bytes. */
export const LONGEST_LINE_BYTES = 2_048;
/** Most lines of the log that one offender may cause in a minute. */
export const MOST_LINES_A_MINUTE = 100;

/** Children that end with this process, however it ends. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function adopt(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

const isOver = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** A line that the server wrote, on either stream. */
export interface LogLine {
  /** On the tests' monotonic clock, in milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** A server under attack. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  readonly process: ChildProcess;
  readonly lines: readonly LogLine[];
  /** Null while it runs, else how it ended and what it said last. */
  ended(): string | null;
  /**
   * Bytes in use after a forced collection: heap and buffers. Not RSS, of which V8 and malloc keep what was freed for as
   * long as they please, and not `/metrics`, which counts garbage that nobody had a reason to collect. Null if it does
   * not answer within 10 s.
   */
  usedBytes(): Promise<number | null>;
  /** Most bytes that were ever resident (`VmHWM`), as the container's bound sees it. */
  peakBytes(): number;
  /** CPU used since the start, in milliseconds. */
  cpuMs(): number;
  /** Of its main thread since the start, in milliseconds: how long it ran, and how long it was ready to while others did. */
  scheduled(): { readonly ranMs: number; readonly waitedMs: number };
  dispose(): Promise<void>;
}

/** How a server process is started. */
export interface TargetOptions {
  /** Variables beside port, secret and data directory. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The program. @default the built server */
  readonly program?: readonly string[];
  /** Heap in MB; null for Node's own. @default 256 */
  readonly heapMb?: number | null;
}

function procField(pid: number | undefined, file: string, pattern: RegExp): string {
  try {
    return pattern.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? '0';
  } catch {
    // It has ended: there is nothing to read.
    return '0';
  }
}

/** Starts a server, and resolves once it listens. Rejects with what it said if it does not. */
export async function startTarget(options: TargetOptions = {}): Promise<Target> {
  const { environment = {}, program = [here('../../server/dist/main.js')], heapMb = HEAP_MB } = options;
  if (!existsSync(program.at(-1) ?? ''))
    throw new Error(`${program.at(-1)} is missing: npm run build first.`);
  const folder = createTemporaryDirectory();
  const heap = heapMb === null ? [] : [`--max-old-space-size=${heapMb}`];
  const child = adopt(
    spawn(process.execPath, [...heap, '--expose-gc', '--import', here('memory-probe.mjs'), ...program], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_OPTIONS: '--unhandled-rejections=strict',
        JWT_SECRET: SECRET,
        PORT: '0',
        DATA_DIR: folder.path,
        ...environment,
      },
    }),
  );
  const lines: LogLine[] = [];
  let listening: ((port: number) => void) | null = null;
  const port = new Promise<number>((resolve) => (listening = resolve));
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream ?? process.stdin }).on('line', (text) => {
      lines.push({ at: performance.now(), text });
      const found = /listening on http:\/\/[^\s"]*:(\d+)/.exec(text)?.[1];
      if (found !== undefined) listening?.(Number(found));
    });
  }
  /** V8's own sentence if it ran out of memory, else the last lines. */
  const last = () => {
    const fatal = lines.filter(({ text }) => text.startsWith('FATAL ERROR'));
    return (fatal.length > 0 ? fatal : lines.slice(-5)).map(({ text }) => text.slice(0, 300)).join('\n');
  };
  const ended = () =>
    isOver(child) ? `The server ended with ${child.exitCode ?? child.signalCode}:\n${last()}` : null;

  const dispose = async () => {
    if (!isOver(child)) {
      const over = once(child, 'exit');
      child.kill('SIGKILL');
      await over;
    }
    folder.delete();
  };
  const reached = await Promise.race([port, once(child, 'exit').then(() => null)]);
  if (reached === null) {
    folder.delete();
    throw new Error(ended() ?? '');
  }
  return {
    port: reached,
    process: child,
    lines,
    ended,
    usedBytes: async () => {
      if (isOver(child)) return null;
      const answer = once(child, 'message', { signal: AbortSignal.timeout(10_000) });
      child.send('memory');
      try {
        const [{ heapUsed, external }] = (await answer) as [NodeJS.MemoryUsage];
        return heapUsed + external;
      } catch {
        // It is busy, or has ended meanwhile.
        return null;
      }
    },
    peakBytes: () => 1_024 * Number(procField(child.pid, 'status', /VmHWM:\s+(\d+) kB/)),
    cpuMs: () => {
      const fields = procField(child.pid, 'stat', /\) (.*)/).split(' ');
      // utime and stime, in hundredths of a second (proc(5), 14 and 15; the state is 3).
      return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
    },
    scheduled: () => {
      const fields = procField(child.pid, `task/${child.pid}/schedstat`, /(.*)/).split(' ');
      return { ranMs: Number(fields[0] ?? 0) / 1e6, waitedMs: Number(fields[1] ?? 0) / 1e6 };
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** What honest users met with. */
export interface Experience {
  /** From the job's report until a watcher has it, in milliseconds; infinite if it never came. */
  readonly eventsMs: readonly number[];
  /** Of `/readyz`, in milliseconds. */
  readonly readyMs: readonly number[];
  /** From a newcomer's first packet to its first snapshot, in milliseconds. */
  readonly newcomersMs: readonly number[];
  /** What must not happen to them at all. */
  readonly complaints: readonly string[];
}

/** Honest users: a job of some projects, watchers of each, newcomers, and an orchestrator that probes. */
export interface HonestParty {
  /** Forgets what was met with so far. */
  begin(): void;
  /** Waits until every report was seen, or 10 s, and tells. */
  experience(): Promise<Experience>;
  dispose(): void;
}

/** How many projects the honest job reports to, and how often to each, in milliseconds: half as often as is told. */
const PROJECTS = 16;
const REPORT_EVERY_MS = 1_000;
const PROBE_EVERY_MS = 200;
const NEWCOMER_EVERY_MS = 500;
/** How long honest users wait for anything, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Where the honest ones come from: nobody else may. */
export const HONEST = Object.freeze({
  watcher: '127.0.9.1',
  job: '127.0.9.2',
  newcomer: '127.0.9.3',
  probe: '127.0.9.4',
});

const WATCH = `subscription ($projectId: ID!) {
  ingestionProgress(projectId: $projectId, follow: true) { revision progress { metrics { itemsProcessed } } }
}`;
const START = 'mutation ($input: StartIngestionInput!) { startIngestion(input: $input) { progress { id } } }';
const REPORT = 'mutation ($input: ReportProgressInput!) { reportProgress(input: $input) { accepted } }';

const subscribeTo = (projectId: string): Message => ({
  id: projectId,
  type: 'subscribe',
  payload: { query: WATCH, variables: { projectId } },
});
const itemsIn = (message: Message): number | null | undefined =>
  (
    message.payload as {
      data?: {
        ingestionProgress?: { progress?: { metrics?: { itemsProcessed?: number | null } | null } | null };
      };
    }
  ).data?.ingestionProgress?.progress?.metrics?.itemsProcessed;

/** Brings honest users to a server; resolves once all of them are at work. */
export async function createHonestParty(port: number, name = 'honest'): Promise<HonestParty> {
  const projects = Array.from({ length: PROJECTS }, (_, index) => `${name}-${index}`);
  const agent = keptConnections(HONEST.job);
  const jobToken = tokenFor({ sub: `${name}-job`, projects, scope: 'progress:write' });
  const readToken = (sub: string) => tokenFor({ sub: `${name}-${sub}`, projects });
  let complaints = new Set<string>();
  let eventsMs: number[] = [];
  let readyMs: number[] = [];
  let newcomersMs: number[] = [];
  let isDisposed = false;
  /** Reports that a watcher has not seen yet: when each was sent, by `watcher project`. */
  const unseen = new Map<string, Map<number, number>>();

  const mutate = async (query: string, input: Readonly<Record<string, unknown>>) => {
    const route = { port, address: HONEST.job, agent, token: jobToken, timeoutMs: PATIENCE_MS };
    const { status, text } = await askGraphql(route, query, { input });
    if ((status !== 200 || text.includes('"errors"')) && !isDisposed)
      complaints.add(`the honest job was answered ${status}: ${text.slice(0, 200)}`);
  };

  const watch = async (watcher: string): Promise<Line> => {
    const line = await openAcknowledged({ port, address: HONEST.watcher }, readToken(watcher), (message) => {
      if (message.type === 'error' || message.type === 'complete')
        complaints.add(`an honest watcher's subscription ended: ${JSON.stringify(message).slice(0, 200)}`);
      if (message.type !== 'next') return;
      const items = itemsIn(message) ?? -1;
      const pending = unseen.get(`${watcher} ${message.id}`);
      for (const [sequence, sentAt] of pending ?? []) {
        if (sequence > items) continue;
        eventsMs.push(performance.now() - sentAt);
        pending?.delete(sequence);
      }
    });
    void line.closed.then((code) => {
      if (!isDisposed) complaints.add(`an honest watcher was closed with ${code}`);
    });
    for (const projectId of projects) {
      unseen.set(`${watcher} ${projectId}`, new Map());
      line.send(subscribeTo(projectId));
    }
    return line;
  };

  const probe = async () => {
    const sentAt = performance.now();
    const { status, text } = await ask({
      port,
      address: HONEST.probe,
      path: '/readyz',
      timeoutMs: PATIENCE_MS,
    });
    if (isDisposed) return;
    readyMs.push(performance.now() - sentAt);
    if (status !== 200) complaints.add(`/readyz answered ${status}: ${text.slice(0, 100)}`);
  };

  const comeNew = async () => {
    const sentAt = performance.now();
    let hear: (outcome: string) => void = () => undefined;
    const snapshot = new Promise<string>((resolve) => (hear = resolve));
    const late = setTimeout(() => hear(`waited ${PATIENCE_MS} ms`), PATIENCE_MS);
    const route = { port, address: HONEST.newcomer };
    const line = await openAcknowledged(route, readToken('newcomer'), ({ type, payload }) => {
      if (type === 'next') hear('');
      if (type === 'error') hear(JSON.stringify(payload));
    });
    line.send(subscribeTo(projects[0] ?? ''));
    const outcome = await Promise.race([snapshot, line.closed.then((code) => `was closed with ${code}`)]);
    clearTimeout(late);
    line.socket.terminate();
    if (isDisposed) return;
    if (outcome === '') newcomersMs.push(performance.now() - sentAt);
    else complaints.add(`an honest newcomer saw nothing: ${outcome.slice(0, 200)}`);
  };

  const watchers = await Promise.all([watch('watcher-1'), watch('watcher-2')]);
  for (const projectId of projects) {
    await mutate(START, {
      projectId,
      ingestionId: `of-${projectId}`,
      phaseNames: ['One', 'Two', 'Three', 'Four'],
    });
  }
  let sequence = 0;
  const report = () => {
    sequence += 1;
    const mine = sequence;
    const projectId = projects[mine % projects.length] ?? '';
    for (const watcher of ['watcher-1', 'watcher-2'])
      unseen.get(`${watcher} ${projectId}`)?.set(mine, performance.now());
    const metrics = { itemsProcessed: mine };
    void mutate(REPORT, { projectId, ingestionId: `of-${projectId}`, phase: 1, metrics });
  };
  const timers = [
    setInterval(report, REPORT_EVERY_MS / PROJECTS),
    setInterval(() => void probe(), PROBE_EVERY_MS),
    setInterval(() => void comeNew(), NEWCOMER_EVERY_MS),
  ];

  return {
    begin: () => {
      [complaints, eventsMs, readyMs, newcomersMs] = [new Set(), [], [], []];
      for (const pending of unseen.values()) pending.clear();
    },
    experience: async () => {
      for (const timer of timers) clearInterval(timer);
      const left = () => [...unseen.values()].reduce((total, pending) => total + pending.size, 0);
      await eventually(() => {
        if (left() > 0) throw new Error('Some reports were not seen yet.');
      }, PATIENCE_MS).catch(() => undefined);
      const never = Array.from({ length: left() }, () => Number.POSITIVE_INFINITY);
      return { eventsMs: [...eventsMs, ...never], readyMs, newcomersMs, complaints: [...complaints] };
    },
    dispose: () => {
      isDisposed = true;
      for (const timer of timers) clearInterval(timer);
      for (const { socket } of watchers) socket.terminate();
      agent.destroy();
    },
  };
}

/** The value that `share` of all do not exceed; 0 of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Whom a line is about: an address, a subject, or the project of what a job was allowed to do. */
const OFFENDER_FIELDS = ['from', 'who', 'requestedBy', 'projectId'].map(
  (field) => new RegExp(`"${field}":"([^"]*)"`),
);

/** What is wrong with the lines of a log that were written in so many milliseconds; honest users' own are left out. */
export function judgeLog(lines: readonly LogLine[], spanMs: number): readonly string[] {
  const violations: string[] = [];
  const counts = new Map<string, number>();
  for (const { text } of lines) {
    const bytes = Buffer.byteLength(text);
    if (bytes > LONGEST_LINE_BYTES) violations.push(`a line of ${bytes} bytes: ${text.slice(0, 120)}…`);
    if (text.includes('honest')) continue;
    const offender = OFFENDER_FIELDS.map((field) => field.exec(text)?.[1]).find(
      (found) => found !== undefined,
    );
    const name = offender ?? 'nobody in particular';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const most = MOST_LINES_A_MINUTE * Math.max(1, Math.ceil(spanMs / 60_000));
  for (const [offender, count] of counts)
    if (count > most) violations.push(`${count} lines in ${Math.round(spanMs / 1_000)} s about ${offender}`);
  return violations.length > 5
    ? [...violations.slice(0, 5), `and ${violations.length - 5} more lines`]
    : violations;
}

/** Waits until no more than that is in use, 30 s at most; resolves with what is. */
export async function memoryBack(target: Target, goalBytes: number): Promise<number> {
  const until = performance.now() + 30_000;
  for (;;) {
    const used = (await target.usedBytes()) ?? Number.POSITIVE_INFINITY;
    if (used <= goalBytes || performance.now() > until || target.ended() !== null) return used;
    await delay(1_000);
  }
}

/** What an attacker did. */
export interface Tally {
  /** Requests, messages or connections, whatever the family counts. */
  readonly hostile: number;
  /** What came of them, for people. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** An attacker at work. */
export interface Attacker {
  /** Resolves once it has prepared and begins. */
  readonly begun: Promise<void>;
  /** Resolves once it has let go of everything; null if it had to be killed. */
  readonly done: Promise<Tally | null>;
}

/** Starts an attacker in a process of its own, at the lowest priority: the machine is not to be what suffers. */
export function startAttacker(order: {
  readonly family: string;
  readonly seed: number;
  readonly port: number;
  readonly durationMs: number;
}): Attacker {
  const sources = ['--conditions=source', '--import', 'tsx', here('attacker.ts')];
  const child = adopt(
    spawn('nice', ['-n', '19', process.execPath, ...sources, JSON.stringify(order)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  let tally: Tally | null = null;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (text) => {
    if (text === 'begun') begin();
    else tally = JSON.parse(text) as Tally;
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), order.durationMs + 40_000);
  const done = once(child, 'close').then(() => {
    clearTimeout(deadline);
    begin();
    return tally;
  });
  return { begun, done };
}
