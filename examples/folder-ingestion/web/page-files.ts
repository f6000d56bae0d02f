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

/** For `npm run dev`: loads the page again once another process serves it. */
const RELOAD_SCRIPT = `let first;
setInterval(async () => {
  const id = await fetch('/dev-process').then((answer) => answer.text(), () => undefined);
  if (first !== undefined && id !== undefined && id !== first) location.reload();
  first ??= id;
}, 500);
`;

/** The files by path; nothing else on the disk is served. */
export interface PageFiles {
  has(pathname: string): boolean;
  send(pathname: string, response: ServerResponse): Promise<void>;
}

/**
 * @param folder The folder of the page's files, with a trailing slash.
 * @param bundle The element's one-file bundle.
 * @param reloads Whether the page loads itself again once another process serves it.
 */
export function createPageFiles(folder: URL, bundle: URL, reloads: boolean): PageFiles {
  const files = new Map<string, readonly [file: URL, type: string]>([
    ['/', [new URL('index.html', folder), 'text/html; charset=utf-8']],
    ['/page.css', [new URL('page.css', folder), 'text/css; charset=utf-8']],
    ['/page.js', [new URL('page.js', folder), 'text/javascript; charset=utf-8']],
    ['/icon.svg', [new URL('icon.svg', folder), 'image/svg+xml']],
    ['/ingestion-progress.js', [bundle, 'text/javascript; charset=utf-8']],
  ]);
  const generated = new Map<string, readonly [text: string, type: string]>(
    reloads
      ? [
          ['/dev-process', [String(process.pid), 'text/plain; charset=utf-8']],
          ['/dev-reload.js', [RELOAD_SCRIPT, 'text/javascript; charset=utf-8']],
        ]
      : [],
  );

  const read = async (file: URL, type: string): Promise<Buffer> => {
    const body = await readFile(file);
    if (!reloads || !type.startsWith('text/html')) return body;
    return Buffer.from(body.toString().replace('</head>', '<script src="/dev-reload.js"></script></head>'));
  };

  return {
    has: (pathname) => files.has(pathname) || generated.has(pathname),
    async send(pathname, response) {
      const text = generated.get(pathname);
      if (text !== undefined) {
        response.writeHead(200, { ...HEADERS, 'Content-Type': text[1] }).end(text[0]);
        return;
      }
      const found = files.get(pathname);
      if (found === undefined) throw new Error(`${pathname} is not a file of the page.`);
      const [file, type] = found;
      const body = await read(file, type);
      response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': body.length }).end(body);
    },
  };
}
