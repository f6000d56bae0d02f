/**
 * Finds something that speaks MongoDB's wire protocol: `MONGODB_URI`, a `mongod` on PATH, or FerretDB built with Go
 * from the module next to this file. `tests/support/mongo-process.ts` starts and stops it.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from './debian-packages.js';

/** A running MongoDB, or a program that the tests start. */
export type MongoSource =
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'mongod'; readonly program: string }
  | { readonly kind: 'ferretdb'; readonly program: string };

const FERRETDB = 'v1.24.2';
const MODULE_FILES = ['go.mod', 'go.sum', 'tools.go'];
const here = dirname(fileURLToPath(import.meta.url));
const cache = join(here, '../../node_modules/.cache/ingestion-progress');
const ferretdb = join(cache, `ferretdb-${FERRETDB}`);

const HOW_TO_FIX =
  'Set MONGODB_URI, put mongod on PATH, or install Go 1.24 or later, with which the tests build FerretDB.';

function go(program: string, folder: string, arguments_: readonly string[]): void {
  const outcome = spawnSync(program, arguments_, {
    cwd: folder,
    encoding: 'utf8',
    // VCS stamping would fail: the folder is in no repository.
    env: { ...process.env, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
  });
  if (outcome.status === 0) return;
  const output = outcome.error?.message ?? outcome.stderr.trim().split('\n').slice(-5).join('\n');
  throw new Error(`The tests need a MongoDB, and building FerretDB failed: ${output}\n${HOW_TO_FIX}`);
}

/** Builds FerretDB in a temporary folder and moves the finished program into place. */
function buildFerretdb(goProgram: string): void {
  console.log('Building FerretDB, the MongoDB-compatible server of the tests (about a minute, only once)');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'ferretdb-build-'));
  try {
    for (const name of MODULE_FILES) copyFileSync(join(here, 'ferretdb', name), join(folder, name));
    go(goProgram, folder, ['mod', 'vendor']);
    // FerretDB does not start without this file, which its release process creates.
    const version = 'vendor/github.com/FerretDB/FerretDB/build/version/version.txt';
    writeFileSync(join(folder, version), FERRETDB);
    const main = 'github.com/FerretDB/FerretDB/cmd/ferretdb';
    go(goProgram, folder, ['build', '-trimpath', '-o', 'ferretdb', main]);
    renameSync(join(folder, 'ferretdb'), ferretdb);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Finds a MongoDB, or builds FerretDB. Throws an error that says how to provide one. */
export function ensureMongo(): MongoSource {
  const uri = process.env['MONGODB_URI'];
  if (uri !== undefined && uri !== '') return { kind: 'uri', uri };
  const mongod = findProgram('mongod');
  if (mongod !== null) return { kind: 'mongod', program: mongod };
  if (!existsSync(ferretdb)) {
    const goProgram = findProgram('go', ['/usr/local/go/bin', '/usr/lib/go/bin']);
    if (goProgram === null) throw new Error(`The tests need a MongoDB. ${HOW_TO_FIX}`);
    buildFerretdb(goProgram);
  }
  return { kind: 'ferretdb', program: ferretdb };
}
