/** The files of examples/deployment match the server: every variable, path and metric in them exists. */
import { spawnSync } from 'node:child_process';
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

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment?: Readonly<Record<string, string>>;
        readonly networks?: readonly string[];
        readonly ports?: readonly string[];
        readonly volumes?: readonly string[];
      }
    >
  >;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, null>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

const compose = () => parse(read('compose.yaml'), { merge: true }) as Compose;

/** The document of that kind in kubernetes.yaml; a test says what it expects of it. */
function kubernetes<T>(kind: string): T {
  const documents = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS() as unknown);
  return documents.find((document) => (document as { readonly kind: string }).kind === kind) as T;
}

describe('the environment variables are variables of the server', () => {
  test('in compose.yaml', () => {
    const { services } = compose();
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
    const { spec } = kubernetes<{ spec: { template: { spec: PodSpec } } }>('Deployment').spec.template;
    const value = (name: string) =>
      Number(spec.containers[0]?.env.find((entry) => entry.name === name)?.value);
    const drainMs = value('DRAIN_DELAY_MS') + value('DRAIN_DEADLINE_MS') + 30_000;
    expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(drainMs);
  });
});

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly volumes: readonly {
    readonly name: string;
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
  readonly containers: readonly {
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
  }[];
}

describe('who breaks into one part does not have the others', () => {
  const dataDir = /DATA_DIR=(\S+)/.exec(read('Dockerfile'))?.[1] ?? '';

  test('compose.yaml has a password and a network of their own for MongoDB and Redis', () => {
    const { services, networks, configs } = compose();
    expect(networks['back']).toEqual({ internal: true });
    for (const name of ['mongo', 'redis']) {
      expect(services[name]?.networks, name).toEqual(['back']);
      expect(services[name]?.ports, name).toBeUndefined();
    }
    expect(services['nginx']?.networks).toEqual(['front']);
    const { MONGODB_URI = '', REDIS_URL = '' } = services['server-1']?.environment ?? {};
    expect(MONGODB_URI).toContain('progress:${MONGO_PASSWORD:?');
    expect(REDIS_URL).toContain('progress:${REDIS_PASSWORD:?');
    expect(services['mongo']?.environment).toHaveProperty('MONGO_INITDB_ROOT_PASSWORD');
    expect(configs['mongo-user']?.content).toContain("roles: [{ role: 'readWrite', db: 'progress' }]");
    const [smallest] =
      /^user progress on .*$/m.exec(readFileSync('docs/running-in-production.md', 'utf8')) ?? [];
    const redis = configs['redis']?.content.split('\n') ?? [];
    expect(redis).toContain('user default off');
    expect(redis).toContain(smallest?.replace('>secret', '>${REDIS_PASSWORD}'));
  });

  test('compose.yaml and kubernetes.yaml have one volume for DATA_DIR that outlives containers and pods', () => {
    const { services, volumes } = compose();
    for (const name of ['server-1', 'server-2'])
      expect(services[name]?.volumes).toEqual([`servers:${dataDir}`]);
    expect(volumes).toHaveProperty('servers');
    const { spec } = kubernetes<{ spec: { template: { spec: PodSpec } } }>('Deployment').spec.template;
    const mount = spec.containers[0]?.volumeMounts.find(({ mountPath }) => mountPath === dataDir);
    const claim = kubernetes<{ metadata: { name: string } }>('PersistentVolumeClaim').metadata.name;
    const volume = spec.volumes.find(({ name }) => name === mount?.name);
    expect(volume?.persistentVolumeClaim?.claimName).toBe(claim);
  });

  test('a pod has no token of a service account, and only the Ingress and Prometheus reach it', () => {
    const { template } = kubernetes<{ spec: { template: { spec: PodSpec; metadata: { labels: object } } } }>(
      'Deployment',
    ).spec;
    expect(template.spec.automountServiceAccountToken).toBe(false);
    const { spec } = kubernetes<{
      spec: {
        podSelector: { matchLabels: object };
        policyTypes: readonly string[];
        ingress: readonly { from: readonly object[]; ports: readonly { port: string }[] }[];
      };
    }>('NetworkPolicy');
    expect(spec.podSelector.matchLabels).toEqual(template.metadata.labels);
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    for (const { from } of spec.ingress) expect(from.length).toBeGreaterThan(0);
    expect(spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual(['http', 'metrics']);
  });

  test('the Ingress speaks TLS for each of its hosts', () => {
    const { spec } = kubernetes<{
      spec: { tls: readonly { hosts: readonly string[] }[]; rules: readonly { host: string }[] };
    }>('Ingress');
    expect(spec.tls.flatMap(({ hosts }) => hosts)).toEqual(spec.rules.map(({ host }) => host));
  });

  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  test.runIf(analyze)('the systemd unit is exposed by less than 2.0 of 10', () => {
    const unit = `${folder}/ingestion-progress.service`;
    const limits = ['--offline=true', '--threshold=19', '--no-pager'];
    const { status, stdout } = spawnSync('systemd-analyze', ['security', ...limits, unit], {
      encoding: 'utf8',
    });
    expect(status, stdout).toBe(0);
  });
});

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
