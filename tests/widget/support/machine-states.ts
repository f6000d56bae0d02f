/** Walks all reachable states of the connection's machine, so that tests cover all of them instead of examples. */
import { TABLE, transition } from '../../../widget/client/connection-machine.js';
import type {
  EventName,
  MachineEvent,
  MachineState,
  EnvironmentState,
  MachineSettings,
  StateName,
} from '../../../widget/client/connection-machine-state.js';
import { readSettings } from '../../../widget/client/options.js';

const error = { code: 'CONNECTION_LOST', message: 'Lost.' };

/** Every event, with every policy. */
export const EVENTS: readonly MachineEvent[] = [
  { type: 'start' },
  { type: 'stop' },
  { type: 'reconnect' },
  { type: 'wake' },
  { type: 'offline' },
  { type: 'data' },
  { type: 'alive' },
  ...(['retry', 'jittered', 'refresh', 'deny', 'fatal'] as const).map((policy): MachineEvent => ({
    type: 'lost',
    policy,
    error,
  })),
  { type: 'polled' },
  { type: 'pollFailed', error },
  { type: 'retryDue' },
  { type: 'fallbackDue' },
  { type: 'healthyDue' },
  { type: 'pollDue' },
];
export const STATE_NAMES = Object.keys(TABLE) as StateName[];
export const EVENT_NAMES = [...new Set(EVENTS.map(({ type }) => type))] as EventName[];
export const ALL_SETTINGS: readonly MachineSettings[] = (['auto', 'websocket', 'polling'] as const).map(
  (transport) => readSettings({ transport, maxAttempts: 4, getToken: () => 'token' }),
);

/** Whether an event is possible in a state: timers only if they are set, messages only from open transports. */
export function possible(state: MachineState, event: MachineEvent): boolean {
  if (!('socketId' in state)) return !/Due$|data|alive|lost|poll/.test(event.type);
  switch (event.type) {
    case 'retryDue':
      return state.retryAt !== null;
    case 'fallbackDue':
      return state.fallbackAt !== null;
    case 'healthyDue':
      return state.healthyAt !== null;
    case 'pollDue':
      return state.pollAt !== null;
    case 'polled':
    case 'pollFailed':
      return state.polling;
    case 'data':
    case 'alive':
    case 'lost':
      return state.socket !== 'none';
    default:
      return true;
  }
}

/** One transition. */
export interface WalkedStep {
  readonly from: MachineState;
  readonly event: MachineEvent;
  readonly environment: EnvironmentState;
  readonly settings: MachineSettings;
  readonly to: MachineState;
}

/** Identifies equivalent states: ignores ids, times, and counts beyond their limits. */
function keyOf(state: MachineState): string {
  if (!('socketId' in state)) return state.name;
  return JSON.stringify({
    ...state,
    socketId: 0,
    failures: Math.min(3, state.failures),
    failedPolls: Math.min(10, state.failedPolls),
    error: state.error === null,
    retryAt: state.retryAt !== null,
    fallbackAt: state.fallbackAt !== null,
    healthyAt: state.healthyAt !== null,
    pollAt: state.pollAt !== null,
  });
}

/** All transitions from all states reachable from `idle`. */
export function walk(settings: MachineSettings): readonly WalkedStep[] {
  const seen = new Map<string, MachineState>([['idle', { name: 'idle' }]]);
  const steps: WalkedStep[] = [];
  for (const from of seen.values()) {
    for (const event of EVENTS) {
      if (!possible(from, event)) continue;
      for (const online of [true, false]) {
        const environment: EnvironmentState = { now: 0, random: 0.5, online, visible: true };
        const [to] = transition(from, event, { ...environment, ...settings });
        steps.push({ from, event, environment, settings, to });
        if (!seen.has(keyOf(to))) seen.set(keyOf(to), to);
      }
    }
  }
  return steps;
}
