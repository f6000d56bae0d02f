/** The files of the page and of the element, and the headers that keep them to themselves. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';

/** From `dist/web`, where this runs, to the folders that hold the files. */
const PAGE = new URL('../../page/', import.meta.url);
const BUNDLE = new URL('../../../../widget/dist/ingestion-progress.bundle.js', import.meta.url);

const FILES = new Map<string, readonly [file: URL, type: string]>([
  ['/', [new URL('index.html', PAGE), 'text/html; charset=utf-8']],
  ['/page.css', [new URL('page.css', PAGE), 'text/css; charset=utf-8']],
  ['/page.js', [new URL('page.js', PAGE), 'text/javascript; charset=utf-8']],
  ['/icon.svg', [new URL('icon.svg', PAGE), 'image/svg+xml']],
  ['/ingestion-progress.js', [BUNDLE, 'text/javascript; charset=utf-8']],
]);

const HEADERS = Object.freeze({
  'Content-Security-Policy': [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'",
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
});

/** Whether a path is one of the page's files. */
export function isPageFile(pathname: string): boolean {
  return FILES.has(pathname);
}

/** Sends one of the page's files. */
export async function sendPageFile(pathname: string, response: ServerResponse): Promise<void> {
  const found = FILES.get(pathname);
  if (found === undefined) throw new Error(`${pathname} is not a file of the page.`);
  const [file, type] = found;
  const body = await readFile(file);
  response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': body.length }).end(body);
}
