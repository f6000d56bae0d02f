import { describe, expect, it } from 'vitest';
import { WATCH_TABLE } from '../../widget/client/watch-machine.js';
import type { EventName, StateName } from '../../widget/client/connection-machine-state.js';
import { EVENT_NAMES, ALL_SETTINGS, STATE_NAMES, walk } from './support/machine-states.js';

const PAGE = '../../docs/connection-states.md';

/** Where each event leads from each state, over all reachable states. */
const leads = new Map<string, Set<StateName>>();
for (const { from, event, to } of ALL_SETTINGS.flatMap(walk)) {
  if (from === to) continue;
  const pair = `${from.name} ${event.type}`;
  leads.set(pair, (leads.get(pair) ?? new Set()).add(to.name));
}
const ledTo = (state: StateName, event: EventName): readonly StateName[] => {
  const names = leads.get(`${state} ${event}`);
  return STATE_NAMES.filter((name) => names?.has(name) ?? false);
};

/** The table as a diagram: each arrow with its events. */
function diagram(): string {
  const arrows = new Map<string, string[]>();
  for (const from of STATE_NAMES) {
    for (const event of EVENT_NAMES) {
      for (const to of ledTo(from, event)) {
        const key = `${from} --> ${to}`;
        arrows.set(key, [...(arrows.get(key) ?? []), event]);
      }
    }
  }
  const lines = [...arrows]
    .filter(([arrow]) => !arrow.endsWith('> idle'))
    .map(([arrow, events]) => `    ${arrow} : ${events.join(', ')}`);
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> idle', ...lines, '```'].join('\n');
}

function table(): string {
  const head = `| in | ${EVENT_NAMES.join(' | ')} |`;
  const rule = `|${'---|'.repeat(EVENT_NAMES.length + 1)}`;
  const row = (state: StateName): string =>
    `| **${state}** | ${EVENT_NAMES.map((event) => ledTo(state, event).join(', ') || '·').join(' | ')} |`;
  return [head, rule, ...STATE_NAMES.map(row)].join('\n');
}

function watchTable(): string {
  const states = Object.keys(WATCH_TABLE) as (keyof typeof WATCH_TABLE)[];
  const events = [...new Set(states.flatMap((state) => Object.keys(WATCH_TABLE[state])))];
  const line = (state: (typeof states)[number]): string =>
    `| **${state}** | ${events.map((event) => (Object.hasOwn(WATCH_TABLE[state], event) ? 'acts' : '·')).join(' | ')} |`;
  return [`| in | ${events.join(' | ')} |`, `|${'---|'.repeat(events.length + 1)}`, ...states.map(line)].join(
    '\n',
  );
}

const page = `# Connection states

Generated from the tables in \`widget/client/connection-machine.ts\` and \`widget/client/watch-machine.ts\` by \`tests/widget/connection-states-page.test.ts\`, which fails if this page is stale; \`npx vitest run -c tests/vitest.config.ts tests/widget/connection-states-page.test.ts -u\` updates it.

All clients on a page with the same endpoint and the same source of tokens share one connection. \`stop\` (the last client left) leads from every state to \`idle\`; those arrows are not drawn.

${diagram()}

## All transitions

A dot means that the event changes nothing.

${table()}

- \`start\`, \`stop\`: the first client joined, the last one left. \`reconnect\`: the user pressed Reconnect. \`wake\`: the page is online again, visible again, or restored from the back-forward cache. \`offline\`: the browser reports that it is offline.
- \`data\`: the socket delivered data for a subscription. \`alive\`: it delivered any other message. \`lost\`: it closed, or could not be opened; the close code decides what follows.
- \`polled\`, \`pollFailed\`: a poll succeeded, or failed.
- \`retryDue\`, \`fallbackDue\`, \`healthyDue\`, \`pollDue\`: timers. An attempt is counted when it starts; the count is reset once a connection is healthy: it delivered data and stayed open for five more seconds.

## Watching one project

Each watched project has a state of its own: the server may reject it for now, ask for a new token, or reject it for good, while the socket and the other projects stay. The user sees one state that combines both (\`widget/client/connection-state.ts\`): \`completed\`, \`disconnected\` by the user, \`unauthorized\` and \`error\` of the project take precedence over the connection's own.

${watchTable()}
`;

describe('The page about connection states', () => {
  it('is what the tables say', async () => {
    await expect(page).toMatchFileSnapshot(PAGE);
  });
});
