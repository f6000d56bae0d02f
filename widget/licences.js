/** Collects the licences of the packages in the bundle. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folders of the packages that the files belong to. */
function packagesOf(files) {
  const folders = files
    .map((path) => /.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].sort();
}

/** Names, licences and full texts; throws if a package has no licence text. */
export function licencesOf(files) {
  return packagesOf(files).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'].map((each) => join(folder, each)).find(existsSync);
    if (file === undefined) throw new Error(`${name} (${dirname(folder)}) has no licence text.`);
    return { name, version, license, text: readFileSync(file, 'utf8').trim() };
  });
}
