/** The packed modules in Vite, webpack and esbuild, and with an import map alone. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build as buildWithEsbuild } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { build as buildWithVite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';

const FOLDER = resolve('node_modules/.cache/toolchains');
const ENTRY = join(FOLDER, 'entry.js');
const HOST = 'http://host.test';

let browser: Browser;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(ENTRY, "import '@ingestion-progress/widget/define';\n");
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
});
afterAll(() => browser.close());

/** The element's text on a page with this head; files are served from `files`. */
async function drawnWith(head: string, files: (path: string) => string): Promise<string> {
  const page = await browser.newPage();
  await page.route(`${HOST}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    return pathname === '/'
      ? route.fulfill({
          contentType: 'text/html',
          body: `<!doctype html><html lang="en"><title>Host</title>${head}<ingestion-progress></ingestion-progress></html>`,
        })
      : route.fulfill({ contentType: 'text/javascript', body: files(pathname) });
  });
  await page.goto(HOST);
  await page.waitForFunction(() =>
    document.querySelector('ingestion-progress')?.shadowRoot?.textContent?.includes('Missing project-id'),
  );
  const text = await page.evaluate(
    () => document.querySelector('ingestion-progress')?.shadowRoot?.textContent ?? '',
  );
  await page.close();
  return text;
}

const built = (code: string) => drawnWith('<script type="module" src="/built.js"></script>', () => code);

async function byVite(): Promise<string> {
  const output = await buildWithVite({
    configFile: false,
    root: FOLDER,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, lib: { entry: ENTRY, formats: ['es'], fileName: 'vite' } },
  });
  const [first] = Array.isArray(output) ? output : [];
  const chunk = first?.output[0];
  if (chunk === undefined) throw new Error('Vite wrote nothing.');
  return chunk.code;
}

async function byEsbuild(): Promise<string> {
  const { outputFiles } = await buildWithEsbuild({
    entryPoints: [ENTRY],
    bundle: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

async function byWebpack(): Promise<string> {
  const compiler = webpack({
    mode: 'production',
    context: FOLDER,
    entry: ENTRY,
    output: { path: FOLDER, filename: 'webpack.js' },
  });
  await new Promise<void>((done, fail) => {
    compiler?.run((error, stats) => {
      if (error !== null || stats?.hasErrors() === true) {
        fail(new Error(error?.message ?? stats?.toString('errors-only')));
      } else done();
    });
  });
  return readFileSync(join(FOLDER, 'webpack.js'), 'utf8');
}

describe('The modules work', () => {
  test.each([
    ['Vite', byVite],
    ['esbuild', byEsbuild],
    ['webpack', byWebpack],
  ])(
    'in %s',
    async (_, make) => {
      expect(await built(await make())).toContain('Missing project-id');
    },
    60_000,
  );

  test('by an import map, with no tool at all', async () => {
    const imports = {
      '@ingestion-progress/widget/define': '/@ingestion-progress/widget/dist/define.js',
      lit: '/lit/index.js',
      'lit/': '/lit/',
      'lit-html': '/lit-html/lit-html.js',
      'lit-html/': '/lit-html/',
      'lit-element/lit-element.js': '/lit-element/lit-element.js',
      '@lit/reactive-element': '/@lit/reactive-element/reactive-element.js',
      '@lit/context': '/@lit/context/index.js',
      'graphql-ws/client': '/graphql-ws/dist/client.js',
    };
    const text = await drawnWith(
      `<script type="importmap">${JSON.stringify({ imports })}</script>
       <script type="module">import '@ingestion-progress/widget/define';</script>`,
      (path) => readFileSync(join('node_modules', path), 'utf8'),
    );
    expect(text).toContain('Missing project-id');
  });
});
