/** The documents of this repository: every Markdown file that git tracks or would track. */
import { execFileSync } from 'node:child_process';

/** Paths from the root of the repository. */
export function pagePaths(): readonly string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.md'],
    {
      encoding: 'utf8',
    },
  );
  return listed.split('\n').filter((path) => path !== '');
}
