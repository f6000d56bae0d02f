/**
 * Builds the bundle: element, client and Lit in one minified ES module for a script tag, with the licences of its parts, and
 * the files for editors. Prints its size and its hash for `integrity`. Run by `npm run build`, after the compiler.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { minifyHTMLLiterals } from '@literals/html-css-minifier';
import { rolldown } from 'rolldown';
import { licencesOf } from './licences.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const outfile = `${here}dist/ingestion-progress.bundle.js`;
const notices = 'ingestion-progress.bundle.LICENSES.txt';

/** Minifies the element's css and html literals, which a minifier of JavaScript leaves alone. */
const minifyTemplates = {
  name: 'minify-templates',
  transform: {
    filter: { id: /widget[\\/]element[\\/].*\.ts$/ },
    handler: (code, fileName) => minifyHTMLLiterals(code, { fileName }),
  },
};

const bundle = await rolldown({
  cwd: here,
  input: 'define.ts',
  platform: 'browser',
  resolve: { conditionNames: ['source', 'browser'] },
  tsconfig: 'tsconfig.json',
  transform: { target: 'es2022', define: { 'process.env.NODE_ENV': '"production"' } },
  // silent in production, so its messages can be dropped
  treeshake: { manualPureFunctions: ['warnInDevelopment'] },
  plugins: [minifyTemplates],
});
const { output } = await bundle.write({
  file: outfile,
  format: 'esm',
  minify: true,
  // a server's build may import the bundle: Lit needs these names at import
  intro: 'const{HTMLElement=class{},document={createTreeWalker(){},createComment(){}}}=globalThis;',
  comments: false, // Lit's licence comments: in full in the file beside
  sourcemap: true,
});
await bundle.close();

const licences = licencesOf(output[0].moduleIds);
const names = licences.map(({ name, version, license }) => `${name} ${version} (${license})`).join(', ');
writeFileSync(
  `${here}dist/${notices}`,
  licences.map(({ name, version, text }) => `${name} ${version}\n\n${text}\n`).join('\n\n'),
);
const notice = `/*! @ingestion-progress/widget (MIT), with ${names}. Full notices: ${notices} */\n`;
writeFileSync(outfile, `${readFileSync(outfile, 'utf8')}\n${notice}`); // after the code, so that the source map stays valid
execFileSync(
  process.execPath,
  [
    fileURLToPath(import.meta.resolve('@custom-elements-manifest/analyzer/cem.js')),
    'analyze',
    '--config',
    'custom-elements-manifest.config.js',
  ],
  { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] },
);

const code = readFileSync(outfile);
const kilobytes = (gzipSync(code, { level: 9 }).length / 1000).toFixed(1);
const integrity = `sha384-${createHash('sha384').update(code).digest('base64')}`;
console.log(`widget/dist/ingestion-progress.bundle.js  ${kilobytes} kB gzip  integrity="${integrity}"`);
