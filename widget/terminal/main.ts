#!/usr/bin/env node
/// <reference types="node" />
/** The command: `npx @ingestion-progress/widget watch PROJECT --endpoint URL`. */
import { createConnection, createEnvironment, createIngestionClient } from '../client/index.js';
import { USAGE, readArguments } from './arguments.js';
import { EXIT, watchInTerminal } from './watch.js';

/** Node has its own WebSocket from 22 on; before, the `ws` package is taken where it is installed. */
async function findWebSocket(): Promise<typeof WebSocket | null> {
  if (typeof WebSocket !== 'undefined') return WebSocket;
  const name = 'ws';
  try {
    const { WebSocket: found } = (await import(name)) as { WebSocket: typeof WebSocket };
    return found;
  } catch {
    // Not installed: then the run is shown by polling.
    return null;
  }
}

async function main(): Promise<number> {
  const read = readArguments(process.argv.slice(2));
  if (read === 'help') {
    process.stdout.write(USAGE);
    return EXIT.completed;
  }
  if ('wrong' in read) {
    process.stderr.write(`${read.wrong}\n\n${USAGE}`);
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
    // Whoever read has gone, as `| head` does: no failure, and nobody to tell of it.
    process.exit(EXIT.unread);
  });
}
process.exitCode = await main();
