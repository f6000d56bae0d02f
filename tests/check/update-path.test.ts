/** Holds docs/how-it-works.md's list of the files that an update passes: each exists, is numbered, and they stay few. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const page = readFileSync(join(root, 'docs/how-it-works.md'), 'utf8');
const [, section = ''] = /## The path of an update through the code\n([\s\S]*?)\n## /.exec(page) ?? [];
/** The file that each step begins with. */
const steps = [...section.matchAll(/^(\d+)\. \[`([^`]+)`\]\(\.\.\/(server\/[^)]+)\)/gm)];

/** Files from `emitProgressUpdate` to the socket. */
const MAX_FILES = 18;

test('an update passes few files, numbered from the emitter to the connection', () => {
  expect(steps.length).toBeGreaterThan(10);
  expect(steps.length).toBeLessThanOrEqual(MAX_FILES);
  expect(steps.map(([, number]) => Number(number))).toEqual(steps.map((_, index) => index + 1));
  expect(steps[0]?.[3]).toBe('server/emitter/emitter.ts');
  expect(steps.at(-1)?.[3]).toBe('server/transport/connection.ts');
});

test('each file that the list links exists, and none is listed twice', () => {
  const linked = [...section.matchAll(/\]\(\.\.\/([^)#]+)/g)].map(([, path = '']) => path);
  expect(linked.length).toBeGreaterThanOrEqual(steps.length);
  expect(linked.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(new Set(linked).size).toBe(linked.length);
});
