/** Serves the files of the page and of the element, with restrictive headers. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';

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

/** The files by path; nothing else on the disk is served. */
export interface PageFiles {
  has(pathname: string): boolean;
  send(pathname: string, response: ServerResponse): Promise<void>;
}

/**
 * @param folder The folder of the page's files, with a trailing slash.
 * @param bundle The element's one-file bundle.
 */
export function createPageFiles(folder: URL, bundle: URL): PageFiles {
  const files = new Map<string, readonly [file: URL, type: string]>([
    ['/', [new URL('index.html', folder), 'text/html; charset=utf-8']],
    ['/page.css', [new URL('page.css', folder), 'text/css; charset=utf-8']],
    ['/page.js', [new URL('page.js', folder), 'text/javascript; charset=utf-8']],
    ['/icon.svg', [new URL('icon.svg', folder), 'image/svg+xml']],
    ['/ingestion-progress.js', [bundle, 'text/javascript; charset=utf-8']],
  ]);
  return {
    has: (pathname) => files.has(pathname),
    async send(pathname, response) {
      const found = files.get(pathname);
      if (found === undefined) throw new Error(`${pathname} is not a file of the page.`);
      const [file, type] = found;
      const body = await readFile(file);
      response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': body.length }).end(body);
    },
  };
}
