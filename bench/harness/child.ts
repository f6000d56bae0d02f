/**
 * A child process with typed calls over IPC, for both sides. Children exit with their parent; their scripts define what
 * they do.
 */
import { fork } from 'node:child_process';

/** The calls of a child: named functions with at most one argument. */
export type Calls<C> = { readonly [Name in keyof C]: (argument: never) => unknown };

type AnswerOf<F> = F extends (argument: never) => infer R ? Awaited<R> : never;

/** A running child. */
export interface Child<C extends Calls<C>> {
  readonly pid: number;
  call<Name extends keyof C & string>(
    name: Name,
    ...argument: Parameters<C[Name]>
  ): Promise<AnswerOf<C[Name]>>;
  /** Kills it; resolves when it has exited. Calling it twice does no harm. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface AnswerMessage {
  readonly id: number;
  readonly error?: string;
  readonly answer?: unknown;
}

/** Starts a script of `bench/` with the loader flags of this process and production settings. */
export async function startChild<C extends Calls<C>>(
  script: string,
  args: readonly string[],
  options: { readonly flags?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Child<C>> {
  const child = fork(new URL(`../${script}`, import.meta.url), args, {
    execArgv: [...process.execArgv, '--expose-gc', ...(options.flags ?? [])],
    env: { ...process.env, NODE_ENV: 'production', ...options.env },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${script} did not start.`);
  const waiting = new Map<
    number,
    { readonly resolve: (answer: unknown) => void; readonly reject: (reason: Error) => void }
  >();
  let gone = false;
  let nextId = 1;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      gone = true;
      for (const { reject } of waiting.values()) {
        reject(new Error(`${script} ${args.join(' ')} exited with ${signal ?? code ?? 'nothing'}.`));
      }
      waiting.clear();
      resolve();
    });
  });
  child.on('message', (message: AnswerMessage) => {
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) call?.resolve(message.answer);
    else call?.reject(new Error(`${script} ${args.join(' ')}: ${message.error}`));
  });
  const ask = (name: string, argument: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      if (gone) {
        reject(new Error(`${script} has exited.`));
        return;
      }
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      child.send({ id, name, argument } satisfies CallMessage);
    });
  await ask('ready', undefined);
  return {
    pid,
    call: (name, ...[argument]) => ask(name, argument) as Promise<never>,
    end: (signal = 'SIGKILL') => {
      if (!gone) child.kill(signal);
      return exited;
    },
  };
}

/** The child's side: answers calls until the parent exits. */
export function answerCalls<C extends Calls<C>>(calls: C): void {
  const table = new Map<string, (argument: never) => unknown>(Object.entries(calls));
  const answer = async (message: CallMessage): Promise<AnswerMessage> => {
    if (message.name === 'ready') return { id: message.id };
    try {
      const call = table.get(message.name);
      if (call === undefined) throw new Error(`Unknown call '${message.name}'.`);
      return { id: message.id, answer: await call(message.argument as never) };
    } catch (cause) {
      return {
        id: message.id,
        error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
      };
    }
  };
  process.on('message', (message: CallMessage) => {
    void answer(message).then((reply) => process.send?.(reply));
  });
  process.once('disconnect', () => process.exit(0));
}
