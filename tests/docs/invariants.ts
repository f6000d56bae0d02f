/** Parses the invariants of `docs/invariants.md`, and finds the files that cite them. */
import { execFileSync } from 'node:child_process';
import { normalize } from 'node:path';
import { relativeLinks } from './links.js';

/** The page that defines the invariants. */
export const PAGE = 'docs/invariants.md';

/** One invariant: a third-level heading of the page. */
export interface Invariant {
  readonly name: string;
  /** What it promises, as Markdown. */
  readonly promise: string;
  /** Paths from the root of the repository. */
  readonly code: readonly string[];
  /** Paths from the root of the repository. */
  readonly tests: readonly string[];
}

function linked(section: string, label: string): readonly string[] {
  const line = new RegExp(`^- ${label}: (.+)$`, 'm').exec(section)?.[1] ?? '';
  return relativeLinks(line).map(({ path }) => normalize(`docs/${path}`));
}

/** The invariants in the order of the page. */
export function parseInvariants(page: string): readonly Invariant[] {
  const [, ...sections] = page.split(/^### /m);
  return sections.map((section) => {
    const [name = '', ...rest] = section.split('\n');
    const body = rest.join('\n');
    const promise = body.split(/^- Code:/m)[0] ?? '';
    return { name, promise: promise.trim(), code: linked(body, 'Code'), tests: linked(body, 'Tests') };
  });
}

/** Every name that is cited, with the files that cite it. */
export function readCitations(): ReadonlyMap<string, ReadonlySet<string>> {
  const cited = ['grep', '--untracked', '-IoE', String.raw`\(invariant: [a-z-]+-[a-z-]+\)`];
  const citations = new Map<string, Set<string>>();
  for (const line of execFileSync('git', cited, { encoding: 'utf8' }).trimEnd().split('\n')) {
    const [, path = '', name = ''] = /^(.+):\(invariant: (.+)\)$/.exec(line) ?? [];
    const files = citations.get(name);
    if (files === undefined) citations.set(name, new Set([path]));
    else files.add(path);
  }
  return citations;
}
