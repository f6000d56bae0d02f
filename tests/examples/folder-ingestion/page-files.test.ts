/** The demo's page loads itself again under `npm run dev`, and only there. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createPageFiles } from '../../../examples/folder-ingestion/web/page-files.js';

const PAGE = new URL('../../../examples/folder-ingestion/page/', import.meta.url);

async function open(reloads: boolean): Promise<string> {
  const files = createPageFiles(PAGE, new URL('nothing', PAGE), reloads);
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (files.has(path)) void files.send(path, response);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.each([true, false])('has the script that loads it again: %s', async (reloads) => {
  const origin = await open(reloads);
  const page = await fetch(origin).then((answer) => answer.text());
  const statuses = await Promise.all(
    ['/dev-reload.js', '/dev-process'].map(async (path) => (await fetch(`${origin}${path}`)).status),
  );
  expect(page.includes('src="/dev-reload.js"')).toBe(reloads);
  expect(statuses).toEqual(reloads ? [200, 200] : [404, 404]);
});
