/** The demo's process: parses the command line, assembles the parts, ingests, and shuts down in order. */
import { resolve } from 'node:path';
import {
  ConfigError,
  createProgressServer,
  readConfig,
  type ProgressServer,
} from '@ingestion-progress/server';
import { parseCommandLine, USAGE } from './command-line.js';
import { demoEnvironment } from './environment.js';
import { openCollections } from './job/collections.js';
import { createIngestionJob, type IngestionJob, type RunOutcome } from './job/ingestion-job.js';
import { createRunMarker } from './job/run-marker.js';
import { createSearch } from './search/search.js';
import { openSources } from './sources.js';
import { createDemoRoutes } from './web/demo-routes.js';
import { createPageFiles } from './web/page-files.js';
import { createSameOrigin } from './web/same-origin.js';
import { createTokens } from './web/tokens.js';

/** The project that the page watches. */
const PROJECT_ID = 'folder-ingestion';
/** How long `--once` waits until every watcher has received the ending, in milliseconds. */
const DELIVERY_TIMEOUT_MS = 5_000;
/** Exit codes: 1 if the demo can't start or the ingestion failed, 2 for invalid arguments or configuration. */
const EXIT_FAILED = 1;
const EXIT_INVALID = 2;

const print = (line: string): void => console.log(line);

function fail(error: unknown): never {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) console.error(line);
  process.exit(error instanceof ConfigError ? EXIT_INVALID : EXIT_FAILED);
}

/** The running demo. */
interface Demo {
  readonly server: ProgressServer;
  readonly job: IngestionJob;
  close(): Promise<void>;
}

async function open(
  folder: string | null,
  once: boolean,
): Promise<Demo & { start(): Promise<RunOutcome | null> }> {
  const config = readConfig(demoEnvironment(process.env));
  const sources = await openSources(folder, process.cwd());
  const collections = await openCollections(resolve(config.dataDir));
  const runMarker = createRunMarker(collections.home);
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
    runMarker,
    onPublished: () => search.use(collections.currentFolder),
    canRetry: !once,
    print,
  });
  routes = createDemoRoutes({
    ...{ sources, collections, job, search },
    pageFiles: createPageFiles(
      new URL('../page/', import.meta.url),
      new URL(import.meta.resolve('@ingestion-progress/widget/bundle')),
      process.env['DEMO_RELOAD'] === 'true',
    ),
    tokens: createTokens({
      secret: config.jwtSecret ?? '',
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      projectId: PROJECT_ID,
    }),
    isOwnPage: createSameOrigin(config.host, () => server.url),
  });
  const interrupted = await runMarker.read();
  const stopRetries = await emitter.onRetry(PROJECT_ID, async ({ ingestionId, fromPhase }) => {
    const source = job.source ?? interrupted?.source ?? sources.root;
    // Without a phase, as far in as the kept results allow.
    await job.start(source, { retryOf: ingestionId, fromPhase: fromPhase ?? 4 });
  });

  print(`Ingesting ${folder ?? 'the documentation under node_modules'}.`);
  print(`Open ${server.url}/ to watch it and to search. Press Ctrl-C to stop.`);
  return {
    server,
    job,
    async start() {
      if (interrupted !== null && !once) {
        print('The last ingestion was interrupted. Retry it on the page.');
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

function closeOnSignals(demo: Demo): void {
  let closingSince: number | null = null;
  const close = (): void => {
    if (closingSince !== null) {
      // A second signal exits at once; within a second it is the same one, sent to a shell and its process group.
      if (performance.now() - closingSince >= 1_000) process.exit(EXIT_FAILED);
      return;
    }
    closingSince = performance.now();
    demo.close().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}

const commandLine = parseCommandLine(process.argv.slice(2));
if (commandLine.kind === 'help') {
  print(USAGE);
} else if (commandLine.kind === 'invalid') {
  console.error(commandLine.message);
  process.exitCode = EXIT_INVALID;
} else {
  try {
    const demo = await open(commandLine.folder, commandLine.once);
    closeOnSignals(demo);
    const outcome = await demo.start();
    if (commandLine.once) {
      await demo.server.delivered(DELIVERY_TIMEOUT_MS);
      await demo.close();
      process.exit(outcome === 'completed' ? 0 : EXIT_FAILED);
    }
  } catch (error) {
    fail(error);
  }
}
