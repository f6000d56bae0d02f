/** The demo as a process: reads what was asked, puts its parts together, ingests, and ends in order. */
import { resolve } from 'node:path';
import {
  ConfigError,
  createProgressServer,
  readConfig,
  type ProgressServer,
} from '@ingestion-progress/server';
import { readCommandLine, USAGE } from './command-line.js';
import { demoEnvironment } from './environment.js';
import { openCollections } from './job/collections.js';
import { createIngestionJob, type IngestionJob, type RunOutcome } from './job/ingestion-job.js';
import { createRunningMarks } from './job/running-mark.js';
import type { PhaseNumber } from '@ingestion-progress/schema';
import { createSearch } from './search/search.js';
import { openSources } from './sources.js';
import { createDemoRoutes } from './web/demo-routes.js';
import { createPageFiles } from './web/page-files.js';
import { createSameOrigin } from './web/same-origin.js';
import { createTokens } from './web/tokens.js';

/** What the page watches. */
const PROJECT_ID = 'folder-ingestion';
/** How long an ending may take to reach every watcher, in ms, before `--once` goes without them. */
const FAREWELL_MS = 5_000;
/** Exit codes: 1 where it cannot start or the ingestion failed, 2 where what was asked is wrong. */
const FAILED = 1;
const MISTAKEN = 2;

const say = (line: string): void => console.log(line);

function fail(error: unknown): never {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) console.error(line);
  process.exit(error instanceof ConfigError ? MISTAKEN : FAILED);
}

/** Everything that runs, and how to end it. */
interface Demo {
  readonly server: ProgressServer;
  readonly job: IngestionJob;
  close(): Promise<void>;
}

async function open(
  folder: string | null,
  once: boolean,
): Promise<Demo & { begin(): Promise<RunOutcome | null> }> {
  const config = readConfig(demoEnvironment(process.env));
  const sources = await openSources(folder, process.cwd());
  const collections = await openCollections(resolve(config.dataDir));
  const marks = createRunningMarks(collections.home);
  const search = createSearch(collections.currentFolder);
  let routes: ReturnType<typeof createDemoRoutes> | null = null;
  const server = await createProgressServer({
    ...config,
    handleRequest: (request, response) => routes?.(request, response) ?? false,
  });
  const { emitter } = server;
  const job = createIngestionJob({
    emitter,
    projectId: PROJECT_ID,
    collections,
    marks,
    onPublished: () => search.use(collections.currentFolder),
    canRetry: !once,
    say,
  });
  routes = createDemoRoutes({
    ...{ sources, collections, job, search },
    pageFiles: createPageFiles(
      new URL('../page/', import.meta.url),
      new URL(import.meta.resolve('@ingestion-progress/widget/bundle')),
    ),
    tokens: createTokens({
      secret: config.jwtSecret ?? '',
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      projectId: PROJECT_ID,
    }),
    isOwnPage: createSameOrigin(config.host, () => server.url),
  });
  const interrupted = await marks.read();
  const stopRetries = await emitter.onRetry(PROJECT_ID, async ({ ingestionId, fromPhase }) => {
    const source = job.source ?? interrupted?.source ?? sources.root;
    // Where nobody says where to begin: as far in as the work that is kept allows.
    await job.start(source, { retryOf: ingestionId, fromPhase: (fromPhase ?? 4) as PhaseNumber });
  });

  say(`Ingesting ${folder ?? 'the documentation under node_modules'}.`);
  say(`Open ${server.url}/ to watch it and to search. Ctrl-C ends.`);
  return {
    server,
    job,
    async begin() {
      if (interrupted !== null && !once) {
        say('The last ingestion was interrupted; start it again from the page.');
        return null;
      }
      return (await job.start(sources.root)).ended;
    },
    async close() {
      await job.stop();
      stopRetries();
      await search.dispose();
      await server.close();
    },
  };
}

function endOnSignals(demo: Demo): void {
  let askedAt: number | null = null;
  const end = (): void => {
    if (askedAt !== null) {
      // A second signal exits at once; within a second it is the same one, sent to a shell and its process group.
      if (performance.now() - askedAt >= 1_000) process.exit(FAILED);
      return;
    }
    askedAt = performance.now();
    demo.close().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

const asked = readCommandLine(process.argv.slice(2));
if (asked.kind === 'help') {
  say(USAGE);
} else if (asked.kind === 'mistake') {
  console.error(asked.message);
  process.exitCode = MISTAKEN;
} else {
  try {
    const demo = await open(asked.folder, asked.once);
    endOnSignals(demo);
    const outcome = await demo.begin();
    if (asked.once) {
      await demo.server.delivered(FAREWELL_MS);
      await demo.close();
      process.exit(outcome === 'completed' ? 0 : FAILED);
    }
  } catch (error) {
    fail(error);
  }
}
