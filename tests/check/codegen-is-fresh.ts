/** Fails if schema/generated differs from what codegen writes for the current schema and operations. */
import { generate } from '@graphql-codegen/cli';
import { readFileSync } from 'node:fs';
import config from '../../codegen.js';

const files = await generate({ ...config, silent: true, errorsOnly: true }, false);
const stale = (files as readonly { filename: string; content: string }[]).filter(
  (file) => readFileSync(file.filename, 'utf8') !== file.content,
);
if (stale.length > 0) {
  console.error(`Stale: ${stale.map((file) => file.filename).join(', ')}. Run npm run codegen and commit.`);
  process.exitCode = 1;
}
