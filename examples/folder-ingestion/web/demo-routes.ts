/** What the demo's page asks of the server beside progress itself: a token, the collection, a search, another ingestion. */
import { readdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProgressError } from '@ingestion-progress/server';
import type { Collections } from '../job/collections.js';
import type { IngestionJob } from '../job/ingestion-job.js';
import type { Search } from '../search/search.js';
import { SourceError, type Sources } from '../sources.js';
import type { PageFiles } from './page-files.js';
import type { IsOwnPage } from './same-origin.js';
import type { Tokens } from './tokens.js';

/** What the routes stand on. */
export interface DemoRoutesOptions {
  readonly pageFiles: PageFiles;
  readonly sources: Sources;
  readonly collections: Collections;
  readonly job: IngestionJob;
  readonly search: Search;
  readonly tokens: Tokens;
  readonly isOwnPage: IsOwnPage;
}

/** A refusal, as the page gets it. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Folders that the page offers by name. */
const MOST_FOLDERS = 500;
const MOST_QUERY_CHARACTERS = 200;
const MOST_BODY_BYTES = 8_192;

/** Answers the page's paths; false for every other path. */
export function createDemoRoutes(options: DemoRoutesOptions) {
  const { pageFiles, sources, collections, job, search, tokens, isOwnPage } = options;

  async function answerTo(route: string, url: URL, request: IncomingMessage): Promise<unknown> {
    if (!isOwnPage(request))
      throw new Refusal(403, 'FORBIDDEN', 'Only the page of this server may ask that.');
    if (route === 'POST /demo/session') return tokens.issue();
    if (!tokens.accepts(request.headers.authorization)) {
      throw new Refusal(401, 'UNAUTHENTICATED', 'A token of this page is needed.');
    }
    if (route === 'GET /demo/collection') {
      return {
        source: sources.nameOf(job.source ?? collections.current?.source ?? sources.root),
        folders: await foldersOf(sources.root.root),
        facts: collections.current?.facts ?? null,
      };
    }
    if (route === 'GET /demo/search') {
      const query = (url.searchParams.get('q') ?? '').slice(0, MOST_QUERY_CHARACTERS);
      const answer = await search.find(query);
      if (answer === null) throw new Refusal(409, 'CONFLICT', 'Nothing was ingested yet.');
      return answer;
    }
    if (route === 'POST /demo/ingest') {
      const { ingestionId } = await job.start(await sources.under(folderIn(await bodyOf(request))));
      return { ingestionId };
    }
    throw new Refusal(404, 'NOT_FOUND', 'There is nothing here.');
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const address = `http://page${request.url ?? '/'}`;
    if (!URL.canParse(address)) return false;
    const url = new URL(address);
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    if (method === 'GET' && pageFiles.has(url.pathname)) {
      await pageFiles.send(url.pathname, response);
      return true;
    }
    if (!url.pathname.startsWith('/demo/')) return false;
    try {
      send(response, 200, await answerTo(`${method} ${url.pathname}`, url, request));
    } catch (error) {
      const { status, code, message } = refusalOf(error);
      send(response, status, { error: { code, message } });
    }
    return true;
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const json = Buffer.from(JSON.stringify(body));
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': json.length };
  response.writeHead(status, {
    ...headers,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(json);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof SourceError) return new Refusal(400, 'BAD_USER_INPUT', error.message);
  if (error instanceof ProgressError && error.code === 'CONFLICT')
    return new Refusal(409, error.code, error.message);
  if (error instanceof ProgressError) return new Refusal(503, error.code, error.message);
  console.error(error);
  return new Refusal(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong on the server.');
}

async function foldersOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return folders.map(({ name }) => name).slice(0, MOST_FOLDERS);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'BAD_USER_INPUT', 'The body must be application/json.');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new Refusal(413, 'BAD_USER_INPUT', 'The body is too big.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'BAD_USER_INPUT', 'The body must be JSON.');
  }
}

function folderIn(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'folder' in body && typeof body.folder === 'string') {
    return body.folder;
  }
  throw new Refusal(400, 'BAD_USER_INPUT', 'folder: must be a path under the folder that is served');
}
