/**
 * Finds something that speaks MongoDB's wire protocol: `MONGODB_URI`, a `mongod` on PATH, or FerretDB built with Go
 * from the module beside this file. Starting and stopping it is left to `tests/support/mongo-process.ts`.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from './debian-packages.js';

/** A MongoDB that runs already, or a program that the tests start. */
export type MongoSource =
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'mongod'; readonly program: string }
  | { readonly kind: 'ferretdb'; readonly program: string };

const FERRETDB = 'v1.24.2';
const MODULE_FILES = ['go.mod', 'go.sum', 'tools.go'];
const here = dirname(fileURLToPath(import.meta.url));
const cache = join(here, '../../node_modules/.cache/ingestion-progress');
const ferretdb = join(cache, `ferretdb-${FERRETDB}`);

const THREE_WAYS =
  'Name a MongoDB by MONGODB_URI, or put mongod on PATH, or install Go 1.24 or newer, with which the tests build FerretDB.';

function go(program: string, folder: string, arguments_: readonly string[]): void {
  const outcome = spawnSync(program, arguments_, {
    cwd: folder,
    encoding: 'utf8',
    // VCS stamps would ask git about a folder that is in no repository.
    env: { ...process.env, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0' },
  });
  if (outcome.status === 0) return;
  const said = outcome.error?.message ?? outcome.stderr.trim().split('\n').slice(-5).join('\n');
  throw new Error(`The tests need a MongoDB, and building FerretDB failed: ${said}\n${THREE_WAYS}`);
}

/** Builds FerretDB in a folder of its own, and moves it into place when it is whole. */
function buildFerretdb(goProgram: string): void {
  console.log('Building FerretDB, the MongoDB that the tests talk to (about a minute, only this once)');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'ferretdb-build-'));
  try {
    for (const name of MODULE_FILES) copyFileSync(join(here, 'ferretdb', name), join(folder, name));
    go(goProgram, folder, ['mod', 'vendor']);
    // FerretDB does not start without this file, which its release process writes.
    const version = 'vendor/github.com/FerretDB/FerretDB/build/version/version.txt';
    writeFileSync(join(folder, version), FERRETDB);
    const main = 'github.com/FerretDB/FerretDB/cmd/ferretdb';
    go(goProgram, folder, ['build', '-trimpath', '-o', 'ferretdb', main]);
    renameSync(join(folder, 'ferretdb'), ferretdb);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Finds a MongoDB, building one where it must; throws a sentence that names the three ways. */
export function ensureMongo(): MongoSource {
  const uri = process.env['MONGODB_URI'];
  if (uri !== undefined && uri !== '') return { kind: 'uri', uri };
  const mongod = findProgram('mongod');
  if (mongod !== null) return { kind: 'mongod', program: mongod };
  if (!existsSync(ferretdb)) {
    const goProgram = findProgram('go', ['/usr/local/go/bin', '/usr/lib/go/bin']);
    if (goProgram === null) throw new Error(`The tests need a MongoDB. ${THREE_WAYS}`);
    buildFerretdb(goProgram);
  }
  return { kind: 'ferretdb', program: ferretdb };
}
