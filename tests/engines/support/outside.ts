/** A built server as the world has it: started by its environment, known by its address, its log and its exit alone. */
import { onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import { tokenFor } from '../../support/tokens.js';
import { connectStock, watchStock, type StockWatch } from '../../integration/support/stock-client.js';
import { spawnServer, type ServerProcess } from '../../integration/support/server-process.js';

/** What these tests look at of an ingestion. */
export interface SeenProgress {
  readonly id: string;
  readonly status: string;
  readonly currentPhase: number;
  readonly error: { readonly errorCode: string } | null;
}

/** How a report was answered. */
export interface ReportAnswer {
  /** Null if it was refused with `codes`. */
  readonly accepted: boolean | null;
  readonly codes: readonly unknown[];
  readonly tookMs: number;
}

/** A server that listens. */
export interface OutsideServer {
  readonly process: ServerProcess;
  readonly address: string;
  /** Starts an ingestion; gives its id. */
  start(projectId: string, more?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Reports the beginning of a phase; its number is the report's sequence. */
  phase(projectId: string, ingestionId: string, phase: number): Promise<ReportAnswer>;
  complete(projectId: string, ingestionId: string): Promise<ReportAnswer>;
  read(projectId: string): Promise<SeenProgress | null>;
  /** Watches by the stock graphql-ws client. */
  watch(projectId: string): StockWatch;
  /** `status` of `/readyz`. */
  readiness(): Promise<string>;
  /** Everything that it has logged so far. */
  log(): string;
}

export const WRITER = tokenFor({ scope: 'progress:write' });
const FIELDS = 'id status currentPhase error { errorCode }';

interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** Asks at `/graphql`, wherever that is. */
export async function askGraphql(
  address: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<GraphqlAnswer> {
  const response = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${WRITER}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as GraphqlAnswer;
}

/** Environment of a server with an embedded store of its own, which goes with the test. */
export function embedded(): { readonly DATA_DIR: string } {
  const directory = createTemporaryDirectory();
  onTestFinished(() => directory.delete());
  return { DATA_DIR: directory.path };
}

/** Starts a server that ends with the test; resolves once it listens. */
export async function startOutside(environment: Readonly<Record<string, string>>): Promise<OutsideServer> {
  const process = spawnServer(environment);
  const address = await Promise.race([
    process.listening(),
    process.ended.then(({ code, errors }) => {
      throw new Error(`It ended with ${String(code)} before it listened: ${errors}`);
    }),
  ]);

  const report = async (mutation: string, input: object): Promise<ReportAnswer> => {
    const before = performance.now();
    const type = `${mutation[0]?.toUpperCase() ?? ''}${mutation.slice(1)}`;
    const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { accepted } }`;
    const { data, errors = [] } = await askGraphql(address, query, { input });
    const payload = data?.[mutation] as { readonly accepted: boolean } | undefined;
    return {
      accepted: payload?.accepted ?? null,
      codes: errors.map(({ extensions }) => extensions?.code),
      tookMs: performance.now() - before,
    };
  };

  return {
    process,
    address,
    start: async (projectId, more = {}) => {
      const query = `mutation ($input: StartIngestionInput!) { startIngestion(input: $input) { progress { id } } }`;
      const { data, errors } = await askGraphql(address, query, { input: { projectId, ...more } });
      const started = data?.['startIngestion'] as { readonly progress: { readonly id: string } } | undefined;
      if (started === undefined) throw new Error(`Not started: ${JSON.stringify(errors)}`);
      return started.progress.id;
    },
    phase: (projectId, ingestionId, phase) =>
      report('reportPhaseStarted', {
        ...{ projectId, ingestionId, phase },
        ...{ sequence: phase, message: `phase ${phase}` },
      }),
    complete: (projectId, ingestionId) => report('completeIngestion', { projectId, ingestionId, result: {} }),
    read: async (projectId) => {
      const query = `query ($projectId: ID!) { progress(projectId: $projectId) { ${FIELDS} } }`;
      const { data } = await askGraphql(address, query, { projectId });
      return (data?.['progress'] ?? null) as SeenProgress | null;
    },
    watch: (projectId) => {
      const token = tokenFor();
      return watchStock(connectStock(`${address.replace('http', 'ws')}/graphql`, { token }), projectId);
    },
    readiness: async () => {
      const response = await fetch(`${address}/readyz`);
      return ((await response.json()) as { readonly status: string }).status;
    },
    log: () => process.lines.all.join('\n'),
  };
}

/** How a server ended that could not start, and everything that it said. */
export interface Refusal {
  readonly code: number | null;
  /** Standard error: what is for the operator. */
  readonly errors: string;
  readonly tookMs: number;
}

/** Starts a server that is expected to end by itself within `deadlineMs`; rejects if it listens instead. */
export async function refusalOf(
  environment: Readonly<Record<string, string>>,
  deadlineMs = 20_000,
): Promise<Refusal> {
  const before = performance.now();
  const process = spawnServer(environment);
  const late = setTimeout(() => process.child.kill('SIGKILL'), deadlineMs);
  try {
    const { code, errors } = await Promise.race([
      process.ended,
      process.listening().then((address) => {
        throw new Error(`It starts and listens at ${address}, where it should have refused.`);
      }),
    ]);
    return { code, errors, tookMs: performance.now() - before };
  } finally {
    clearTimeout(late);
  }
}

/** Resolves once `/readyz` says this; the issue allows five seconds for what makes reports fail. */
export async function becomes(server: OutsideServer, status: string, withinMs = 7_000): Promise<void> {
  await eventually(async () => {
    const now = await server.readiness();
    if (now !== status) throw new Error(`/readyz says ${now}, not ${status}.`);
  }, withinMs);
}
