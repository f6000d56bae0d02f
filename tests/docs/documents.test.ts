/** The documents are correct: generated parts are up to date, links work, code compiles, every code is explained. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLOSES } from '../../server/transport/close-codes.js';
import { API_FOLDER, renderApi } from './api.js';
import { blocksOf, compile, parse, readPage } from './blocks.js';
import type { Block } from './blocks.js';
import { render } from './documents.js';
import { anchors, relativeLinks } from './links.js';
import { pagePaths } from './pages.js';

const pages = pagePaths().map((path) => ({ path, ...readPage(path) }));
const blocks = pages.flatMap(({ path, text }) => blocksOf(path, text));

describe('each page', () => {
  test('has up-to-date generated parts', () => {
    const stale = pages.filter(({ text }) => render(text) !== text).map(({ path }) => path);
    expect(stale, 'run npm run docs:write').toEqual([]);
  });

  test('of the API reference matches the code, and every type in it can be imported', async () => {
    const generated = await renderApi();
    const stale = [...generated].filter(
      ([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text,
    );
    expect(
      stale.map(([path]) => path),
      'run npm run docs:write',
    ).toEqual([]);
    const others = pages.filter(({ path }) => path.startsWith(`${API_FOLDER}/`) && !generated.has(path));
    expect(others.map(({ path }) => path)).toEqual([]);
  }, 180_000);

  test('has a title', () => {
    expect(pages.filter(({ text }) => !/^# \S/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('links to existing files and headings', () => {
    const broken: string[] = [];
    for (const { path: page, text, folder } of pages) {
      for (const { path, anchor } of relativeLinks(text)) {
        const target = path === '' ? page : normalize(join(folder, path));
        const heading = anchor !== '' && target.endsWith('.md');
        if (!existsSync(target)) broken.push(`${page}: ${path}`);
        else if (heading && !anchors(readFileSync(target, 'utf8')).has(anchor))
          broken.push(`${page}: ${path}#${anchor}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('can be reached from the README', () => {
    const reached = new Set<string>();
    const follow = (target: string) => {
      const isFolder = existsSync(target) && statSync(target).isDirectory();
      const path = isFolder ? join(target, 'README.md') : target;
      if (reached.has(path) || !path.endsWith('.md') || !existsSync(path)) return;
      reached.add(path);
      const { text, folder } = readPage(path);
      for (const link of relativeLinks(text)) follow(normalize(join(folder, link.path)));
    };
    follow('README.md');
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

/** Checks two kinds of diagrams: every line must be valid, and every participant declared. */
function mermaid(code: string): string | null {
  const [kind, ...lines] = code.trimEnd().split('\n');
  if (kind === 'stateDiagram-v2') {
    const invalid = lines.find((line) => !/^ +(\[\*\]|\w+) --> (\[\*\]|\w+)( : [\w, ]+)?$/.test(line));
    return invalid === undefined ? null : `not a transition: ${invalid}`;
  }
  if (kind !== 'sequenceDiagram') return `no check for ${String(kind)}`;
  const declared = new Set([...code.matchAll(/participant (\w+) as .+/g)].map(([, name]) => name));
  for (const line of lines) {
    const [, from, to] = /^ +(\w+)--?>>(\w+): .+$/.exec(line) ?? [];
    const [, over] = /^ +Note over (\w+): .+$/.exec(line) ?? [];
    const isDeclaration = /^ +participant /.test(line);
    const named = over === undefined ? [from, to] : [over];
    if (!isDeclaration && !named.every((name) => declared.has(name))) return `not understood: ${line}`;
  }
  return null;
}

/** Checks blocks that are not compiled; null if a block is valid. */
const CHECKS: Readonly<Record<string, (block: Block) => string | null>> = {
  sh: ({ code }) => spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' }).stderr || null,
  python: ({ code }) =>
    spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
      input: code,
      encoding: 'utf8',
    }).stderr || null,
  json: ({ code }) => {
    try {
      JSON.parse(code);
      return null;
    } catch (error) {
      return String(error);
    }
  },
  js: ({ code }) => parse(code).join('; ') || null,
  html: ({ code }) =>
    [...code.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)]
      .flatMap(([, script = '']) => parse(script))
      .join('; ') || null,
  vue: ({ code }) =>
    [...code.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)]
      .flatMap(([, script = '']) => parse(script))
      .join('; ') || null,
  mermaid: ({ code }) => mermaid(code),
  text: () => null,
};
const COMPILED = new Set(['ts', 'tsx']);

describe('each block of code', () => {
  test('in TypeScript compiles', () => {
    const own = blocks.filter(
      ({ language, page, line }) => COMPILED.has(language) && !isIncluded(page, line),
    );
    expect(compile(own, process.cwd())).toEqual([]);
  }, 180_000);

  test('in another language is well-formed, and none is unchecked', () => {
    const wrong = blocks
      .filter(({ language }) => !COMPILED.has(language))
      .map((block) => {
        const check = CHECKS[block.language];
        const what = check === undefined ? `no check for "${block.language}"` : check(block);
        return what === null ? null : `${block.page}:${block.line}: ${what}`;
      });
    expect(wrong.filter((line) => line !== null)).toEqual([]);
  });
});

/** Whether a block is a file of the repository, which is compiled and run there. */
function isIncluded(page: string, line: number): boolean {
  const { text } = readPage(page);
  return text.split('\n')[line - 2]?.startsWith('<!-- file: ') ?? false;
}

describe('troubleshooting', () => {
  const { text } = readPage('docs/troubleshooting.md');

  test('explains every close code that the server sends, with its reason', () => {
    for (const { code, reason } of Object.values(CLOSES)) expect(text).toContain(`| ${code} | ${reason} |`);
  });

  // (invariant: close-code-says-what-to-do)
  test('explains every close code and every error code of the protocol', () => {
    const protocol = readFileSync('schema/PROTOCOL.md', 'utf8');
    const closes = /## Close codes([\s\S]*?)\n## /.exec(protocol)?.[1] ?? '';
    const codes = closes.match(/\b[14]\d{3}\b/g) ?? [];
    expect(codes.length).toBeGreaterThan(10);
    const table = /## Close codes([\s\S]*?)\n## /.exec(text)?.[1] ?? '';
    for (const code of codes) expect(table).toContain(code);
    const errors = readFileSync('server/shared/errors.ts', 'utf8').match(/'[A-Z_]+'/g) ?? [];
    expect(errors.length).toBeGreaterThan(8);
    for (const error of errors) expect(text).toContain(`| \`${error.slice(1, -1)}\` | `);
  });
});
