/**
 * Makes the one-file bundle: element, client and Lit in one minified ES module for a script tag; beside it the licences of
 * what is in it, and what editors read. Prints its size and its hash for `integrity`. Run by `npm run build`, after the
 * compiler.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { licencesOf } from './licences.js';
import { writeManifests } from './manifests.js';
import { smallTemplates } from './small-templates.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const outfile = `${here}dist/ingestion-progress.bundle.js`;
const notices = 'ingestion-progress.bundle.LICENSES.txt';

const bundle = await rolldown({
  cwd: here,
  input: 'define.ts',
  platform: 'browser',
  resolve: { conditionNames: ['source', 'browser'] },
  tsconfig: 'tsconfig.json',
  transform: { target: 'es2022', define: { 'process.env.NODE_ENV': '"production"' } },
  // it never says anything in production, so that its sentences need not be there either
  treeshake: { manualPureFunctions: ['warnInDevelopment'] },
  plugins: [smallTemplates],
});
const { output } = await bundle.write({
  file: outfile,
  format: 'esm',
  minify: true,
  comments: false, // the same few lines in every module of Lit: once, and in full, in the file beside
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
writeFileSync(outfile, `${readFileSync(outfile, 'utf8')}\n${notice}`); // after the code, so that its source map still fits
writeManifests(here, `${here}dist`);

const code = readFileSync(outfile);
const kilobytes = (gzipSync(code, { level: 9 }).length / 1000).toFixed(1);
const integrity = `sha384-${createHash('sha384').update(code).digest('base64')}`;
console.log(`widget/dist/ingestion-progress.bundle.js  ${kilobytes} kB gzip  integrity="${integrity}"`);
