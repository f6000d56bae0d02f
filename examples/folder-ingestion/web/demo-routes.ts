/** The routes of the demo's page besides progress itself: a token, the collection, a search, another ingestion. */
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

/** Options of the routes. */
export interface DemoRoutesOptions {
  readonly pageFiles: PageFiles;
  readonly sources: Sources;
  readonly collections: Collections;
  readonly job: IngestionJob;
  readonly search: Search;
  readonly tokens: Tokens;
  readonly isOwnPage: IsOwnPage;
}

/** An error response to the page. */
class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The most folders that the page suggests. */
const MAX_FOLDERS = 500;
const MAX_QUERY_CHARACTERS = 200;
const MAX_BODY_BYTES = 8_192;

/** Handles the page's paths; returns false for every other path. */
export function createDemoRoutes(options: DemoRoutesOptions) {
  const { pageFiles, sources, collections, job, search, tokens, isOwnPage } = options;

  async function handle(route: string, url: URL, request: IncomingMessage): Promise<unknown> {
    if (!isOwnPage(request))
      throw new HttpError(403, 'FORBIDDEN', "Only this server's own page may request this.");
    if (route === 'POST /demo/session') return tokens.issue();
    if (!tokens.accepts(request.headers.authorization)) {
      throw new HttpError(401, 'UNAUTHENTICATED', 'Missing or invalid page token.');
    }
    if (route === 'GET /demo/collection') {
      return {
        source: sources.nameOf(job.source ?? collections.current?.source ?? sources.root),
        folders: await foldersOf(sources.root.root),
        facts: collections.current?.facts ?? null,
      };
    }
    if (route === 'GET /demo/search') {
      const query = (url.searchParams.get('q') ?? '').slice(0, MAX_QUERY_CHARACTERS);
      const answer = await search.find(query);
      if (answer === null) throw new HttpError(409, 'CONFLICT', 'Nothing was ingested yet.');
      return answer;
    }
    if (route === 'POST /demo/ingest') {
      const { ingestionId } = await job.start(await sources.under(folderIn(await bodyOf(request))));
      return { ingestionId };
    }
    throw new HttpError(404, 'NOT_FOUND', 'Not found.');
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
      send(response, 200, await handle(`${method} ${url.pathname}`, url, request));
    } catch (error) {
      const { status, code, message } = toHttpError(error);
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

function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof SourceError) return new HttpError(400, 'BAD_USER_INPUT', error.message);
  if (error instanceof ProgressError && error.code === 'CONFLICT')
    return new HttpError(409, error.code, error.message);
  if (error instanceof ProgressError) return new HttpError(503, error.code, error.message);
  console.error(error);
  return new HttpError(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong on the server.');
}

async function foldersOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return folders.map(({ name }) => name).slice(0, MAX_FOLDERS);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new HttpError(415, 'BAD_USER_INPUT', 'The body must be application/json.');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new HttpError(413, 'BAD_USER_INPUT', 'The body is too large.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpError(400, 'BAD_USER_INPUT', 'The body must be JSON.');
  }
}

function folderIn(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'folder' in body && typeof body.folder === 'string') {
    return body.folder;
  }
  throw new HttpError(400, 'BAD_USER_INPUT', 'folder: must be a path inside the ingested folder');
}
