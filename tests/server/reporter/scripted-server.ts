/** A reporter's world in a test: a clock whose hands the test turns, and a server that answers as it is told. */
import type { ReporterEnvironment } from '../../../server/reporter/index.js';

/** One request as the server got it. */
export interface Heard {
  /** Such as `reportProgress`. */
  readonly mutation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly token: string;
  /** On the manual clock. */
  readonly at: number;
}

/** What the server does with a request; `never` answers nothing until the request is aborted. */
export type Script = (heard: Heard) => Response | 'never' | 'refuse';

/** The answer of a server that takes everything. */
export function taken(answer: Readonly<Record<string, unknown>> = { accepted: true }): Response {
  return Response.json({ data: { result: answer } });
}

/** A GraphQL error. */
export function refused(code: string, message = code): Response {
  return Response.json({ errors: [{ message, extensions: { code } }] });
}

/** A manual clock and a scripted server. */
export interface World {
  readonly environment: ReporterEnvironment;
  readonly heard: Heard[];
  readonly mutations: () => string[];
  script: Script;
  /** Turns the clock, timer by timer, and lets everything that follows happen. */
  pass(ms: number): Promise<void>;
  /** Lets everything happen that waits for no time. */
  settle(): Promise<void>;
}

/** Begins at a fixed moment with a server that takes everything. */
export function createWorld(): World {
  let now = 1_700_000_000_000;
  const beganAt = now;
  const timers = new Set<{ at: number; task: () => void }>();
  const heard: Heard[] = [];

  // Promise chains of some length, and fetch's own streams, come to rest within these turns of the event loop.
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  const world: World = {
    heard,
    mutations: () => heard.map(({ mutation }) => mutation),
    script: () => taken(),
    settle,
    async pass(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers.delete(next);
        now = next.at;
        next.task();
        await settle();
      }
      now = end;
    },
    environment: {
      now: () => now,
      monotonicNow: () => now - beganAt,
      setTimer(delayMs, task) {
        const timer = { at: now + delayMs, task };
        timers.add(timer);
        return () => timers.delete(timer);
      },
      random: () => 0.5,
      fetch(_url, init) {
        const { query, variables } = JSON.parse(String(init.body)) as {
          query: string;
          variables: { input: Heard['input'] };
        };
        const mutation = /result: (\w+)/.exec(query)?.[1] ?? 'ingestionCommands';
        const token = new Headers(init.headers).get('authorization') ?? '';
        const request: Heard = { mutation, input: variables.input, token, at: now - beganAt };
        heard.push(request);
        const answer = world.script(request);
        if (answer === 'refuse')
          return Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }));
        if (answer !== 'never') return Promise.resolve(answer);
        return new Promise((_resolve, reject) => {
          init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
        });
      },
    },
  };
  return world;
}
