import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

it('a job that imports the reporter loads the reporter and five files without imports: no server, no zod, no GraphQL', async () => {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['server/reporter/index.ts'],
    conditions: ['source'],
    format: 'esm',
    platform: 'neutral',
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
  });
  const elsewhere = Object.keys(metafile.inputs).filter((path) => !path.startsWith('server/reporter/'));
  expect(elsewhere.sort()).toEqual([
    'schema/ids.ts',
    'server/shared/backoff.ts',
    'server/shared/sleep.ts',
    'server/shared/thrown.ts',
    'server/shared/track.ts',
  ]);
  expect(outputFiles[0]?.contents.length).toBeLessThan(22_100);
});
