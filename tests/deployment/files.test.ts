/** The files of examples/deployment match the server: every variable, path and metric in them exists. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { VARIABLES } from '../../server/config.js';
import { createReporter } from '../../server/reporter/index.js';
import { createTemporaryDirectory } from '../support/temporary-directory.js';
import { startServerProcess } from './server-process.js';
import type { ServerProcess } from './server-process.js';
import { mintToken } from './tokens.js';

const folder = 'examples/deployment';
const read = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');
const OF_NODE = new Set(['NODE_ENV']);
const PROJECT = 'a-project-in-no-label';

let server: ServerProcess;
let metrics = '';
const directory = createTemporaryDirectory();

beforeAll(async () => {
  server = await startServerProcess({ DATA_DIR: directory.path });
  const reporter = createReporter({
    endpoint: `${server.url}/graphql`,
    projectId: PROJECT,
    token: mintToken(),
  });
  await (await reporter.startIngestion()).emitComplete({});
  reporter.dispose();
  metrics = await (await fetch(`${server.url}/metrics`)).text();
});
afterAll(async () => {
  await server.stop();
  directory.delete();
});

function expectVariables(names: Iterable<string>): void {
  const unknown = [...names].filter((name) => !(name in VARIABLES) && !OF_NODE.has(name));
  expect(unknown).toEqual([]);
}

describe('the environment variables are variables of the server', () => {
  test('in compose.yaml', () => {
    const { services } = parse(read('compose.yaml')) as {
      services: Record<string, { environment?: Record<string, string> }>;
    };
    expect(Object.keys(services)).toEqual(['mongo', 'redis', 'server-1', 'server-2', 'nginx']);
    const { environment = {} } = services['server-1'] ?? {};
    expect(Object.keys(environment)).toContain('JWT_SECRET');
    expectVariables(Object.keys(environment));
  });

  test('in kubernetes.yaml', () => {
    const names = [...read('kubernetes.yaml').matchAll(/\{ name: ([A-Z_]+), value:/g)].map(
      ([, name = '']) => name,
    );
    expect(names).toContain('DRAIN_DELAY_MS');
    expectVariables(names);
  });

  test('in the Dockerfile and the systemd unit', () => {
    const image = [...read('Dockerfile').matchAll(/\b([A-Z_]+)=/g)].map(([, name = '']) => name);
    const unit = [...read('ingestion-progress.service').matchAll(/^Environment=([A-Z_]+)=/gm)];
    expect(image).toContain('DATA_DIR');
    expectVariables(image.filter((name) => name !== 'NODE_VERSION'));
    expectVariables(unit.map(([, name = '']) => name));
  });
});

describe('probes', () => {
  test('of the Dockerfile and of Kubernetes request paths that exist', async () => {
    const paths = new Set([
      ...`${read('Dockerfile')}${read('kubernetes.yaml')}`.matchAll(/\/(healthz|readyz|metrics)\b/g),
    ]);
    expect(paths.size).toBeGreaterThan(4);
    for (const [path] of paths) expect((await fetch(server.url + path)).status).toBe(200);
  });

  test('give a pod more time to terminate than its drain may take', () => {
    const [deployment] = parseAllDocuments(read('kubernetes.yaml')).map(
      (document) => document.toJS() as unknown,
    );
    const { spec } = (deployment as { spec: { template: { spec: PodSpec } } }).spec.template;
    const value = (name: string) =>
      Number(spec.containers[0]?.env.find((entry) => entry.name === name)?.value);
    const drainMs = value('DRAIN_DELAY_MS') + value('DRAIN_DEADLINE_MS') + 30_000;
    expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(drainMs);
  });
});

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly {
    readonly env: readonly { readonly name: string; readonly value: string }[];
  }[];
}

/** The metrics in a PromQL expression, without the suffixes of histograms. */
function metricNames(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:ingestion_progress|nodejs|process)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );
}

describe('metrics', () => {
  const expectKnown = (names: readonly string[]) => {
    expect(names.length).toBeGreaterThan(5);
    const known = new Set([...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  };

  test('of the dashboard are metrics of the server', () => {
    const { panels } = JSON.parse(read('grafana-dashboard.json')) as {
      panels: readonly { title: string; targets?: readonly { expr: string }[] }[];
    };
    for (const { title, targets } of panels) expect(targets?.length, title).toBeGreaterThan(0);
    expectKnown(panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricNames(expr))));
  });

  test('of the alerts are metrics of the server, and each alert says what to do', () => {
    const { groups } = parse(read('alert-rules.yaml')) as {
      groups: readonly {
        rules: readonly { alert: string; expr: string; annotations: { summary: string; action: string } }[];
      }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    for (const { alert, annotations } of rules) {
      expect(annotations.summary, alert).toBeTruthy();
      expect(annotations.action, alert).toBeTruthy();
    }
    expectKnown(rules.flatMap(({ expr }) => metricNames(expr)));
  });

  test('have no project id in their labels', () => {
    expect(metrics).not.toContain(PROJECT);
  });
});
