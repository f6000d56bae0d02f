import { describe, expect, it } from 'vitest';
import { WATCH_TABLE } from '../../widget/client/watch-machine.js';
import type { EventName, StateName } from '../../widget/client/connection-machine-state.js';
import { EVENT_NAMES, POLICIES, STATE_NAMES, walk } from './support/machine-states.js';

const PAGE = '../../docs/connection-states.md';

/** Where each event leads from each state, by the table itself, wherever the machine can come to. */
const leads = new Map<string, Set<StateName>>();
for (const { from, event, to } of POLICIES.flatMap(walk)) {
  if (from === to) continue;
  const pair = `${from.name} ${event.type}`;
  leads.set(pair, (leads.get(pair) ?? new Set()).add(to.name));
}
const ledTo = (state: StateName, event: EventName): readonly StateName[] => {
  const names = leads.get(`${state} ${event}`);
  return STATE_NAMES.filter((name) => names?.has(name) ?? false);
};

/** The whole table as a diagram: each arrow with the events that lead along it. */
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

Drawn from the tables in \`widget/client/connection-machine.ts\` and \`widget/client/watch-machine.ts\` by \`tests/widget/connection-states-page.test.ts\`, which fails when this page is stale; \`npx vitest run -c tests/vitest.config.ts tests/widget/connection-states-page.test.ts -u\` draws it again.

A connection is shared by everyone on the page with the same endpoint and the same source of tokens. From every state \`stop\` (the last one left) leads to \`idle\`; those arrows are not drawn.

${diagram()}

## Every pair

Where an event changes nothing there is a dot.

${table()}

- \`start\`, \`stop\`: the first one watches, the last one left. \`reconnect\`: a person asked. \`wake\`: online again, shown again, or back from the page cache. \`offline\`: the browser says so.
- \`data\`: the socket answered a subscription. \`alive\`: it gave some other sign of life. \`lost\`: it ended, or never came to be; the close code says what follows.
- \`polled\`, \`pollFailed\`: a round of polls was answered, or was not.
- \`retryDue\`, \`fallbackDue\`, \`healthyDue\`, \`pollDue\`: times set before. An attempt is counted when it begins; the count starts anew when a connection was healthy: it had data, and lived for five seconds after.

## One project on it

What becomes of following one project is its own: the server may refuse it for now, want another token for it, or refuse it for good, while the socket and its neighbours stay. What a person sees is the one state that fits both (\`widget/client/present.ts\`): \`completed\`, \`disconnected\` by the user, \`unauthorized\` and \`error\` of the project come before the connection's own.

${watchTable()}
`;

describe('The page about connection states', () => {
  it('is what the tables say', async () => {
    await expect(page).toMatchFileSnapshot(PAGE);
  });
});
