/** Builds the static Storybook once and serves it to Chromium, switching stories in place: for tests and screenshots. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Page } from 'playwright-core';

/** An entry in Storybook's index. */
export interface StoryEntry {
  readonly id: string;
  readonly title: string;
  readonly name: string;
  readonly type: 'story' | 'docs';
}

/** The site, open in a browser. */
export interface StorySite {
  readonly stories: readonly StoryEntry[];
  readonly page: Page;
  /** Opens a documentation page in a new tab. */
  readDocs(id: string): Promise<string>;
  /** Shows a story, with globals such as `theme`; resolves once its elements have rendered. */
  show(id: string, globals?: Readonly<Record<string, string>>): Promise<void>;
  /** Screenshot of the element with this id, as PNG. */
  picture(id: string): Promise<Buffer>;
  close(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, 'node_modules/.cache/storybook-static');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--font-render-hinting=none',
];

/** Not the root, so that every story shows that the site works from any path. */
const PREFIX = '/docs/stories';

/** Builds, serves and opens the site. Rejects with Storybook's output if the build fails. */
export async function openStorySite(): Promise<StorySite> {
  const storybook = join(ROOT, 'node_modules/.bin/storybook');
  await promisify(execFile)(storybook, ['build', '-c', 'storybook', '-o', BUILT, '--disable-telemetry'], {
    cwd: ROOT,
    maxBuffer: 64_000_000,
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const path = pathname.startsWith(PREFIX) ? normalize(pathname.slice(PREFIX.length)) : '/nothing';
    readFile(join(BUILT, path)).then(
      (body) => {
        response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
        response.end(body);
      },
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${PREFIX}`;
  const index = JSON.parse(await readFile(join(BUILT, 'index.json'), 'utf8')) as {
    readonly entries: Readonly<Record<string, StoryEntry>>;
  };
  const stories = Object.values(index.entries).filter(({ type }) => type === 'story');
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: CHROMIUM_FLAGS,
  });
  const page = await browser.newPage({
    viewport: { width: 1664, height: 900 },
    reducedMotion: 'reduce',
    timezoneId: 'UTC', // a pause has a time of day
  });
  const [first] = stories;
  // manual: else the add-on's axe would run at the same time, which axe doesn't allow
  await page.goto(`${base}/iframe.html?viewMode=story&id=${first?.id ?? ''}&globals=a11y.manual:!true`);
  await page.waitForSelector('ingestion-progress');

  return {
    stories,
    page,
    readDocs: async (id) => {
      const tab = await browser.newPage();
      await tab.goto(`${base}/iframe.html?viewMode=docs&id=${id}`);
      await tab.waitForSelector('ingestion-progress');
      const text = await tab.locator('#storybook-docs').innerText();
      await tab.close();
      return text;
    },
    show: async (id, globals = {}) => {
      await page.evaluate(showStory, { id, globals });
    },
    picture: (id) => page.locator(`#${id}`).screenshot({ animations: 'disabled' }),
    close: async () => {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Channel {
  emit(name: string, ...values: readonly unknown[]): void;
  once(name: string, listener: (id: string) => void): void;
}

/** Runs in the page; without named functions, since the page lacks the compiler's helper for them. */
async function showStory(wanted: {
  readonly id: string;
  readonly globals: Readonly<Record<string, string>>;
}): Promise<void> {
  const channel = (window as unknown as { __STORYBOOK_ADDONS_CHANNEL__: Channel })
    .__STORYBOOK_ADDONS_CHANNEL__;
  const { id } = wanted;
  if (new URL(location.href).searchParams.get('id') !== id) {
    await new Promise((resolve) => {
      channel.once('storyRendered', resolve);
      channel.emit('setCurrentStory', { storyId: id, viewMode: 'story' });
    });
  }
  await new Promise((resolve) => {
    channel.once('storyRendered', resolve);
    channel.emit('updateGlobals', { globals: { theme: 'light', ...wanted.globals } });
  });
  const elements = [...document.querySelectorAll('ingestion-progress')];
  for (const element of elements) {
    do await element.updateComplete;
    while (element.isUpdatePending);
  }
}
