/** The licences of what is inside the one-file bundle, gathered from the packages themselves. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Packages that files come out of, by the absolute paths of these. */
function packagesOf(files) {
  const folders = files
    .map((path) => /.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].sort();
}

/** Names, licences and full texts; throws where a package has no text, rather than ship it without. */
export function licencesOf(files) {
  return packagesOf(files).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'].map((each) => join(folder, each)).find(existsSync);
    if (file === undefined)
      throw new Error(`${name} (${dirname(folder)}) comes without the text of its licence.`);
    return { name, version, license, text: readFileSync(file, 'utf8').trim() };
  });
}
