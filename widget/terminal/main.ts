#!/usr/bin/env node
/// <reference types="node" />
/** The command: `npx @ingestion-progress/widget watch PROJECT --endpoint URL`. */
import { createConnection, createEnvironment, createIngestionClient } from '../client/index.js';
import { USAGE, readArguments } from './arguments.js';
import { EXIT, watchInTerminal } from './watch.js';

/** Node has a WebSocket since version 22; before, the `ws` package is used if it is installed. */
async function findWebSocket(): Promise<typeof WebSocket | null> {
  if (typeof WebSocket !== 'undefined') return WebSocket;
  const name = 'ws';
  try {
    const { WebSocket: found } = (await import(name)) as { WebSocket: typeof WebSocket };
    return found;
  } catch {
    // Not installed: use polling.
    return null;
  }
}

async function main(): Promise<number> {
  const read = readArguments(process.argv.slice(2));
  if (read === 'help') {
    process.stdout.write(USAGE);
    return EXIT.completed;
  }
  if ('error' in read) {
    process.stderr.write(`${read.error}\n\n${USAGE}`);
    return EXIT.usage;
  }
  const { projectId, endpoint, ingestionId, follow, json } = read;
  const webSocket = await findWebSocket();
  const environment = createEnvironment(webSocket === null ? {} : { webSocket });
  const token = process.env['INGESTION_PROGRESS_TOKEN'];
  const connection = createConnection({ endpoint, token }, { environment });
  const client = createIngestionClient({ projectId, ingestionId, follow, connection, remember: 'none' });
  process.once('SIGINT', () => {
    client.dispose();
    process.exit(EXIT.interrupted);
  });
  const { stdout } = process;
  const output = {
    isTTY: stdout.isTTY,
    columns: stdout.columns,
    write: (text: string) => {
      stdout.write(text);
    },
  };
  const code = await watchInTerminal(client, output, { json, follow });
  client.dispose();
  return code;
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // The reader has closed the pipe, as `| head` does: not an error.
    process.exit(EXIT.brokenPipe);
  });
}
process.exitCode = await main();
