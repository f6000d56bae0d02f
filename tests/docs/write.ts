/** Writes into the documents what is made from something else; `npm run docs:write`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { render } from './documents.js';
import { pagePaths } from './pages.js';

for (const path of pagePaths()) {
  const before = readFileSync(path, 'utf8');
  const after = render(before);
  if (after === before) continue;
  writeFileSync(path, after);
  console.log(path);
}
