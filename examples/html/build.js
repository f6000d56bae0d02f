/** Copies the page and the element's one-file bundle to one folder; there is nothing to bundle. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

mkdirSync('dist', { recursive: true });
for (const file of ['index.html', 'app.css', 'app.js']) copyFileSync(file, `dist/${file}`);
copyFileSync(
  fileURLToPath(import.meta.resolve('@ingestion-progress/widget/bundle')),
  'dist/ingestion-progress.bundle.js',
);
