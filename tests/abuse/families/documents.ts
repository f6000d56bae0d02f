/** GraphQL documents that are dear to parse, validate or remember: of many shapes, right and wrong, distinct and the same. */
import { tokenFor } from '../../support/tokens.js';
import type { Random } from '../../chaos/random.js';
import { byTurns, drawAddresses, drawSize, keepDoing } from '../family.js';
import type { Family } from '../family.js';
import { ask, askGraphql, keptConnections, openAcknowledged } from '../wire.js';

/** What a document looks like: `n` is how much of it. */
const SHAPES = {
  'the same field again and again': (n: number) => `viewer { ${'subject '.repeat(n)} }`,
  'many aliases': (n: number) =>
    Array.from({ length: Math.min(50, n) }, (_, i) => `a${i}: serverTime`).join(' '),
  'too many aliases': (n: number) => Array.from({ length: n }, (_, i) => `a${i}: serverTime`).join(' '),
  'fields that are almost right': (n: number) =>
    Array.from({ length: n }, (_, i) => `progresss${i} ingestionEvent${i}`).join(' '),
  'fields that must be compared': (n: number) =>
    Array.from({ length: Math.ceil(n / 8) }, () => '... on Query { progress(projectId: "p") { id } }').join(
      ' ',
    ),
  'arguments that are not there': (n: number) =>
    `progress(${Array.from({ length: n }, (_, i) => `a${i}: 1`).join(' ')}) { id }`,
  'lists in lists': (n: number) => `progress(projectId: ${'['.repeat(n)}${']'.repeat(n)}) { id }`,
  directives: (n: number) => `serverTime ${'@include(if: true) '.repeat(n)}`,
  'one long string': (n: number) => `progress(projectId: "${'x'.repeat(20 * n)}") { id }`,
  'what is no GraphQL': (n: number) => '}{ '.repeat(n),
} as const;
type Shape = keyof typeof SHAPES;

/** Definitions beside the operation. */
const DEFINITIONS = {
  nothing: () => '',
  'fragments in a chain': (n: number) =>
    Array.from(
      { length: Math.ceil(n / 10) },
      (_, i) => `fragment F${i} on Query { ...F${i + 1} serverTime }`,
    ).join(' '),
  'fragments in a ring': (n: number) =>
    Array.from(
      { length: Math.ceil(n / 10) },
      (_, i, all = Math.ceil(n / 10)) => `fragment F${i} on Query { ...F${(i + 1) % all} serverTime }`,
    ).join(' '),
  'a long comment': (n: number) => `#${'y'.repeat(20 * n)}\n`,
} as const;
type Definitions = keyof typeof DEFINITIONS;

interface Plan {
  readonly shape: Shape;
  readonly definitions: Definitions;
  /** How much of each. */
  readonly size: number;
  readonly isDistinct: boolean;
  readonly transport: 'websocket' | 'post' | 'get';
  readonly atOnce: number;
  readonly aSecond: number;
  readonly addresses: readonly string[];
}

const shapes = Object.keys(SHAPES) as Shape[];
const definitions = Object.keys(DEFINITIONS) as Definitions[];

function textOf({ shape, definitions: more, size, isDistinct }: Plan, index: number, random: Random): string {
  const name = isDistinct ? `Q${index}x${Math.floor(random.between(0, 1e9))}` : 'Q';
  return `query ${name} { ${SHAPES[shape](size)} } ${DEFINITIONS[more](size)}`;
}

/** Documents. */
export const documents: Family<Plan> = {
  name: 'documents',
  draw: (random) => ({
    shape: random.pick(shapes),
    definitions: random.pick(definitions),
    size: drawSize(random, 50, 1_500),
    isDistinct: random.pick([true, true, false]),
    transport: random.pick(['websocket', 'websocket', 'post', 'get']),
    atOnce: drawSize(random, 1, 40),
    aSecond: drawSize(random, 20, 2_000),
    addresses: drawAddresses(random, 10),
  }),
  attack: async (plan, scene) => {
    const token = tokenFor({ sub: 'mallory', projects: [] });
    const { port, random } = scene;
    const pace = { atOnce: plan.atOnce, aSecond: plan.aSecond, most: 10_000 };
    const outcomeOf = (text: string) => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? 'answered';
    if (plan.transport !== 'websocket') {
      const agents = plan.addresses.map((address) => keptConnections(address, plan.atOnce));
      await keepDoing(scene, pace, async (index) => {
        const route = { port, token, agent: byTurns(agents, index), address: '' };
        const text = textOf(plan, index, random);
        const answer =
          plan.transport === 'post'
            ? await askGraphql(route, text)
            : await ask({ ...route, path: `/graphql?query=${encodeURIComponent(text.slice(0, 4_000))}` });
        scene.count(answer.status === 0 ? 'no answer' : outcomeOf(answer.text));
      });
      return;
    }
    const open = (index: number) => {
      const waiting = new Map<string, (text: string) => void>();
      const address = byTurns(plan.addresses, index);
      const opening = openAcknowledged({ port, address }, token, (message) => {
        if (message.type !== 'next' && message.type !== 'error') return;
        waiting.get(message.id ?? '')?.(JSON.stringify(message));
        waiting.delete(message.id ?? '');
      });
      return { waiting, opening };
    };
    const lines = plan.addresses.slice(0, 4).map((_, index) => open(index));
    await keepDoing(scene, pace, async (index) => {
      const { waiting, opening } = byTurns(lines, index);
      const line = await opening;
      const id = String(index);
      const answered = new Promise<string>((resolve) => waiting.set(id, resolve));
      line.send({ id, type: 'subscribe', payload: { query: textOf(plan, index, random) } });
      const text = await Promise.race([answered, line.closed.then((code) => `"code":"CLOSED_${code}"`)]);
      scene.count(outcomeOf(text));
      if (!text.includes('CLOSED')) return;
      const place = index % lines.length;
      lines[place] = open(place);
    });
  },
};
