import { describe, expect, it } from 'vitest';
import { TABLE } from '../../widget/client/machine.js';
import { WATCH_TABLE } from '../../widget/client/watch-machine.js';
import type { StateName } from '../../widget/client/machine-state.js';
import { EVENT_NAMES, STATE_NAMES } from './support/machine-space.js';

const PAGE = '../../docs/connection-states.md';

/** The whole table as a diagram: each arrow with the events that lead along it. */
function diagram(): string {
  const arrows = new Map<string, string[]>();
  for (const from of STATE_NAMES) {
    for (const event of EVENT_NAMES) {
      for (const to of TABLE[from][event]?.to ?? []) {
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
    `| **${state}** | ${EVENT_NAMES.map((event) => TABLE[state][event]?.to.join(', ') ?? '·').join(' | ')} |`;
  return [head, rule, ...STATE_NAMES.map(row)].join('\n');
}

function watchTable(): string {
  const states = Object.keys(WATCH_TABLE) as (keyof typeof WATCH_TABLE)[];
  const events = Object.keys(WATCH_TABLE.idle) as (keyof typeof WATCH_TABLE.idle)[];
  const line = (state: (typeof states)[number]): string =>
    `| **${state}** | ${events.map((event) => (WATCH_TABLE[state][event] === null ? '·' : 'acts')).join(' | ')} |`;
  return [`| in | ${events.join(' | ')} |`, `|${'---|'.repeat(events.length + 1)}`, ...states.map(line)].join(
    '\n',
  );
}

const page = `# Connection states

Drawn from the tables in \`widget/client/machine.ts\` and \`widget/client/watch-machine.ts\` by \`tests/widget/connection-states-page.test.ts\`, which fails when this page is stale; \`npx vitest run -c tests/vitest.config.ts tests/widget/connection-states-page.test.ts -u\` draws it again.

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
