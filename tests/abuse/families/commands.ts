/** Mutations that may be asked for, or may not, far more often than anybody needs. */
import { tokenFor } from '../../support/tokens.js';
import { byTurns, drawAddresses, drawSize, keepDoing } from '../family.js';
import type { Family } from '../family.js';
import { askGraphql, keptConnections, openAcknowledged } from '../wire.js';

type Input = Readonly<Record<string, unknown>>;
interface Mutation {
  readonly text: string;
  readonly variables: Input;
}

const withInput = (name: string, type: string, input: Input): Mutation => ({
  text: `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`,
  variables: { input },
});
const command = (name: string, projectId: string, ingestionId: string): Mutation => ({
  text: `mutation ($p: ID!, $i: ID!) { ${name}(projectId: $p, ingestionId: $i) { id status } }`,
  variables: { p: projectId, i: ingestionId },
});

const MUTATIONS = {
  retry: (p: string, i: string) => command('retryIngestion', p, i),
  cancel: (p: string, i: string) => command('cancelIngestion', p, i),
  acknowledge: (p: string, _i: string, n: number) =>
    withInput('acknowledgeCommand', 'AcknowledgeCommandInput', {
      projectId: p,
      commandId: `made-up-${n}`,
      accepted: true,
    }),
  start: (p: string, i: string) =>
    withInput('startIngestion', 'StartIngestionInput', { projectId: p, ingestionId: i, cancellable: true }),
  replace: (p: string, _i: string, n: number) =>
    withInput('startIngestion', 'StartIngestionInput', {
      projectId: p,
      ingestionId: `i-${n}`,
      replace: true,
    }),
  elsewhere: (_p: string, i: string, n: number) =>
    withInput('startIngestion', 'StartIngestionInput', { projectId: `mine-new-${n}`, ingestionId: i }),
  phase: (p: string, i: string, n: number) =>
    withInput('reportPhaseStarted', 'ReportPhaseStartedInput', {
      ...{ projectId: p, ingestionId: i, phase: (n % 4) + 1, message: 'm'.repeat(2_000) },
    }),
  report: (p: string, i: string, n: number) =>
    withInput('reportProgress', 'ReportProgressInput', {
      ...{ projectId: p, ingestionId: i, phase: 1, progressPercent: n % 100 },
      metrics: { counters: [{ name: `c${n % 40}`, value: n }] },
    }),
  fail: (p: string, i: string) =>
    withInput('failIngestion', 'FailIngestionInput', {
      ...{ projectId: p, ingestionId: i, errorCode: 'OOPS', message: 'm'.repeat(2_000), recoverable: true },
    }),
  complete: (p: string, i: string) =>
    withInput('completeIngestion', 'CompleteIngestionInput', {
      ...{ projectId: p, ingestionId: i, result: { output: { text: 'z'.repeat(10_000) } } },
    }),
  refresh: (_p: string, _i: string, n: number): Mutation => ({
    text: 'mutation ($t: String!) { refreshToken(token: $t) { expiresAt } }',
    variables: { t: n % 2 === 0 ? tokenFor({ sub: 'mallory' }) : `${n}`.repeat(2_000).slice(0, 8_000) },
  }),
} satisfies Record<string, (projectId: string, ingestionId: string, n: number) => Mutation>;
type Kind = keyof typeof MUTATIONS;

interface Plan {
  readonly kinds: readonly Kind[];
  readonly scope: string;
  /** Of how many projects; some are none of its own. */
  readonly projects: number;
  readonly transport: 'websocket' | 'post';
  readonly atOnce: number;
  readonly aSecond: number;
  readonly addresses: readonly string[];
}

const kinds = Object.keys(MUTATIONS) as Kind[];
const ingestionOf = (projectId: string) => `first-of-${projectId}`;

/** Commands and other mutations. */
export const commands: Family<Plan> = {
  name: 'commands',
  draw: (random) => ({
    kinds: Array.from({ length: Math.ceil(random.between(0, 4)) }, () => random.pick(kinds)),
    scope: random.pick([
      'progress:read',
      'progress:write',
      'ingestion:control',
      'progress:write ingestion:control',
    ]),
    projects: drawSize(random, 1, 20),
    transport: random.pick(['websocket', 'post']),
    atOnce: drawSize(random, 4, 200),
    aSecond: drawSize(random, 50, 2_000),
    addresses: drawAddresses(random, 10),
  }),
  prepare: async ({ projects }, { port }) => {
    const address = '127.19.0.1';
    const token = tokenFor({ sub: 'mallory', scope: 'progress:write' });
    for (let index = 0; index < projects; index += 1) {
      const { text, variables } = MUTATIONS.start(`mine-${index}`, ingestionOf(`mine-${index}`));
      await askGraphql({ port, address, token }, text, variables);
    }
  },
  attack: async (plan, scene) => {
    const { port } = scene;
    // The last fifth of the projects that it names is not among those of the token.
    const all = Array.from({ length: plan.projects }, (_, index) => `mine-${index}`);
    const own = all.slice(0, Math.max(1, Math.ceil(plan.projects * 0.8)));
    const claims = { sub: 'mallory', projects: plan.kinds.includes('elsewhere') ? ('*' as const) : own };
    const token = tokenFor({ ...claims, scope: plan.scope });
    const outcomeOf = (text: string) => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? 'done';
    const mutationAt = (index: number) => {
      const projectId = byTurns(all, Math.floor(index / plan.kinds.length));
      return MUTATIONS[byTurns(plan.kinds, index)](projectId, ingestionOf(projectId), index);
    };
    const pace = { atOnce: plan.atOnce, aSecond: plan.aSecond, most: 20_000 };
    if (plan.transport === 'post') {
      const agents = plan.addresses.map((address) => keptConnections(address, plan.atOnce));
      await keepDoing(scene, pace, async (index) => {
        const { text, variables } = mutationAt(index);
        const route = { port, token, address: '', agent: byTurns(agents, index) };
        const answer = await askGraphql(route, text, variables);
        scene.count(answer.status === 0 ? 'no answer' : outcomeOf(answer.text));
      });
      return;
    }
    const waiting = new Map<string, (text: string) => void>();
    const open = (index: number) =>
      openAcknowledged({ port, address: byTurns(plan.addresses, index) }, token, (message) => {
        if (message.type === 'next' || message.type === 'error')
          waiting.get(message.id ?? '')?.(JSON.stringify(message));
      });
    const lines = Array.from({ length: 4 }, (_, index) => open(index));
    await keepDoing(scene, pace, async (index) => {
      const line = await byTurns(lines, index);
      const { text: query, variables } = mutationAt(index);
      const id = String(index);
      const answered = new Promise<string>((resolve) => waiting.set(id, resolve));
      line.send({ id, type: 'subscribe', payload: { query, variables } });
      const text = await Promise.race([answered, line.closed.then((code) => `"code":"CLOSED_${code}"`)]);
      waiting.delete(id);
      scene.count(outcomeOf(text));
      if (text.includes('CLOSED')) lines[index % lines.length] = open(index);
    });
  },
};
