/**
 * Makes the one-file bundle: element, client and Lit in one minified ES module for a script tag, with the licence notes of
 * what is in it; and beside it what editors read. Prints its size and its hash for `integrity`. Run by `npm run build`, after the compiler.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { smallLiterals } from './literals.js';
import { writeManifests } from './manifests.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const outfile = `${here}dist/ingestion-progress.bundle.js`;

await build({
  entryPoints: [`${here}define.ts`],
  outfile,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['source', 'browser'],
  tsconfig: `${here}tsconfig.json`,
  plugins: [smallLiterals],
  legalComments: 'eof',
  banner: {
    js: '/*! @ingestion-progress/widget | MIT | with lit and @lit/context (BSD-3-Clause), graphql-ws (MIT) */',
  },
  define: { 'process.env.NODE_ENV': '"production"' },
  sourcemap: true,
  logLevel: 'warning',
});

writeManifests(here, `${here}dist`);

const code = readFileSync(outfile);
const kilobytes = (gzipSync(code, { level: 9 }).length / 1000).toFixed(1);
const integrity = `sha384-${createHash('sha384').update(code).digest('base64')}`;
console.log(`widget/dist/ingestion-progress.bundle.js  ${kilobytes} kB gzip  integrity="${integrity}"`);
