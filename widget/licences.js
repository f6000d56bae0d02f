/** The licences of what is inside the one-file bundle, gathered from the packages themselves. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Packages out of which esbuild took something, by its metafile. */
function packagesIn(metafile, root) {
  const names = Object.keys(metafile.inputs)
    .map((path) => /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path))
    .filter((found) => found !== null)
    .map(([folder]) => join(root, folder));
  return [...new Set(names)].sort();
}

/** Names, licences and full texts; throws where a package has no text, rather than ship it without. */
export function licencesOf(metafile, root) {
  return packagesIn(metafile, root).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'].map((each) => join(folder, each)).find(existsSync);
    if (file === undefined)
      throw new Error(`${name} (${dirname(folder)}) comes without the text of its licence.`);
    return { name, version, license, text: readFileSync(file, 'utf8').trim() };
  });
}
