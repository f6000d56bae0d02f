/** Writes the generated parts of the documents; `npm run docs:write`. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { API_FOLDER, renderApi } from './api.js';
import { render } from './documents.js';
import { pagePaths } from './pages.js';

const api = await renderApi();
rmSync(API_FOLDER, { recursive: true, force: true });
mkdirSync(API_FOLDER, { recursive: true });
for (const [path, text] of api) writeFileSync(path, text);

for (const path of pagePaths()) {
  if (api.has(path)) continue;
  const before = readFileSync(path, 'utf8');
  const after = render(before);
  if (after === before) continue;
  writeFileSync(path, after);
  console.log(path);
}
