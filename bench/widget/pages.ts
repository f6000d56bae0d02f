/** The two pages of the bench `widget`: the same frame around ours and around Web Awesome's bar, with all script inline. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { projectIds, token } from '../workload.js';

/** Names of the subjects, in the order of the tables. */
export const WIDGETS = ['ingestion-progress', 'wa-progress-bar'] as const;

/** One of them. */
export type Widget = (typeof WIDGETS)[number];

/**
 * A page with so many elements that connect to this address. It leaves `shown`, the milliseconds from its script's begin
 * to its first frame.
 */
export type Page = (elements: number, feedUrl: string) => string;

const ROOT = new URL('../../', import.meta.url);
const resolve = createRequire(import.meta.url).resolve;

function frame(head: string, script: string, body: string, tag: string, feedUrl: string): string {
  // What would end the script element early.
  const inline = script.replaceAll('</script', String.raw`<\/script`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>bench</title>${head}</head><body data-feed="${feedUrl}">${body}
<script>globalThis.began = performance.now();</script>
<script type="module">${inline}</script>
<script type="module">
  await Promise.all([...document.querySelectorAll('${tag}')].map((element) => element.updateComplete));
  requestAnimationFrame(() => setTimeout(() => { globalThis.shown = performance.now() - globalThis.began; }));
</script></body></html>`;
}

function ours(): Page {
  const script = readFileSync(new URL('widget/dist/ingestion-progress.bundle.js', ROOT), 'utf8');
  return (elements, feedUrl) => {
    const endpoint = feedUrl.replace('ws:', 'http:');
    const pass = token();
    const tags = projectIds(elements).map(
      (id) =>
        `<ingestion-progress endpoint="${endpoint}" project-id="${id}" token="${pass}"></ingestion-progress>`,
    );
    return frame('', script, tags.join('\n'), 'ingestion-progress', feedUrl);
  };
}

/** Web Awesome with its default theme, as its page on installation by npm shows it. */
async function webAwesome(): Promise<Page> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('peer-page.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  const script = outputFiles[0]?.text ?? '';
  const { outputFiles: styles } = await build({
    entryPoints: [resolve('@awesome.me/webawesome/dist/styles/webawesome.css')],
    bundle: true,
    minify: true,
    external: ['https://*'],
    write: false,
  });
  const head = `<style>${styles[0]?.text ?? ''}</style>`;
  return (elements, feedUrl) => {
    const tags = projectIds(elements).map(
      (id) => `<wa-progress-bar value="0" label="${id}" data-project="${id}">0%</wa-progress-bar>`,
    );
    return frame(head, script, tags.join('\n'), 'wa-progress-bar', feedUrl);
  };
}

/** Makes both. */
export async function createPages(): Promise<Readonly<Record<Widget, Page>>> {
  return { 'ingestion-progress': ours(), 'wa-progress-bar': await webAwesome() };
}
