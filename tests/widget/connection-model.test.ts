import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { IngestionClient } from '../../widget/client/types.js';
import { setup, tokenOf, type Setup } from './support/setup.js';
import { completedOf, progressOf } from './support/states.js';

/** What may happen to a page that follows a project. */
type Step =
  | { readonly do: 'pass' | 'sleep'; readonly ms: number }
  | { readonly do: 'data' | 'ack' | 'end' | 'online' | 'offline' | 'wake' | 'pollAnswered' | 'pollFailed' }
  | { readonly do: 'reconnect' | 'disconnect' | 'listen' | 'leave' }
  | { readonly do: 'close'; readonly code: number }
  | { readonly do: 'deny'; readonly code: string };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('sleep' as const), ms: fc.integer({ min: 1, max: 4_000_000 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('data', 'ack', 'online', 'offline', 'wake', 'pollAnswered', 'pollFailed'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('reconnect', 'disconnect', 'listen', 'leave', 'end') }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('close' as const),
      code: fc.constantFrom(1000, 1006, 1006, 1012, 1013, 4401, 4403, 4408, 4400),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('deny' as const),
      code: fc.constantFrom('UNAVAILABLE', 'RATE_LIMITED', 'TOKEN_EXPIRED', 'FORBIDDEN'),
    }),
  },
);

async function act(step: Step, parts: Setup, client: IngestionClient, stops: (() => void)[]): Promise<void> {
  const { environment, webSocket, polling } = parts;
  const socket = webSocket.sessions.at(-1);
  const polls = polling.sessions.at(-1);
  switch (step.do) {
    case 'pass':
      return environment.advance(step.ms);
    case 'sleep':
      return environment.sleep(step.ms);
    case 'data':
      return socket?.play({ progress: progressOf() });
    case 'end':
      return socket?.play({ progress: completedOf() });
    case 'ack':
      return socket?.play({ acknowledge: { expiresAt: 60_000, serverTime: 0 } });
    case 'close':
      return socket?.play({ close: step.code });
    case 'deny':
      return socket?.play({ reject: step.code });
    case 'pollAnswered':
      return polls?.play({ progress: progressOf() });
    case 'pollFailed':
      return polls?.play({ unreachable: true });
    case 'online':
    case 'wake':
      environment.online = true;
      return environment.signal('wake');
    case 'offline':
      environment.online = false;
      return environment.signal('offline');
    case 'reconnect':
      return client.reconnect();
    case 'disconnect':
      return client.disconnect();
    case 'listen':
      stops.push(client.subscribe(() => undefined));
      return;
    case 'leave':
      for (const stop of stops.splice(0)) stop();
  }
}

// (invariant: bounded-retries)
it('whatever happens in whatever order, a client keeps its promises', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stepArbitrary, { maxLength: 80, size: 'max' }),
      fc.constantFrom('auto' as const, 'websocket' as const, 'polling' as const),
      async (steps, transport) => {
        const parts = setup({ transport, getToken: () => tokenOf('anna') });
        const { environment, webSocket, polling } = parts;
        const client = parts.follow();
        const stops = [client.subscribe(() => undefined)];
        let highest = 0;
        let percent = -1;
        let wentBack = false;
        client.subscribe(() => {
          const { connection, progress } = client.getSnapshot();
          if ('attempt' in connection) highest = Math.max(highest, connection.attempt);
          const now = progress?.progressPercent ?? -1;
          if (now < percent) wentBack = true;
          percent = now;
        });
        await environment.settle();
        for (const step of steps) {
          await act(step, parts, client, stops);
          await environment.settle();
          const { connection } = client.getSnapshot();
          const { state } = connection;
          const sockets = webSocket.sessions.filter((session) => session.open).length;
          const polls = polling.sessions.filter(
            (session) => session.open && session.targets.length > 0,
          ).length;
          expect(sockets, 'one socket').toBeLessThanOrEqual(1);
          expect(polls, 'one session of polls').toBeLessThanOrEqual(1);
          if (state === 'connected') expect(polls, 'no polls beside a socket that answers').toBe(0);
          const over = ['disconnected', 'unauthorized', 'error'].includes(state);
          if (over) expect(sockets + polls, `nothing open while ${state}`).toBe(0);
          const stuck = !over && state !== 'idle' && environment.timerCount === 0 && sockets + polls === 0;
          expect(stuck, `a way on from ${state}`).toBe(false);
        }
        expect(wentBack, 'percent went back').toBe(false);
        expect(highest, 'attempts in a budget').toBeLessThanOrEqual(10);
        client.dispose();
        await environment.settle();
        expect(environment.timerCount + environment.signalCount, 'nothing left').toBe(0);
        expect(webSocket.sessions.some((session) => session.open)).toBe(false);
        const opened = webSocket.sessions.length + polling.sessions.length;
        await environment.advance(1_000_000);
        expect(webSocket.sessions.length + polling.sessions.length, 'no effect after dispose').toBe(opened);
      },
    ),
    { numRuns: 300 },
  );
}, 120_000);
