/**
 * Builds mongo-java-server with Maven from the folder beside this file: a second server of MongoDB's wire protocol, so
 * that the store does not learn one server's habits. Nothing of `npm test` needs it, or Java.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from './debian-packages.js';

/** What starts it. */
export interface MongoJavaServer {
  /** The path of `java`. */
  readonly program: string;
  readonly classPath: string;
}

const VERSION = '1.46.0';
const here = dirname(fileURLToPath(import.meta.url));
const cache = join(here, '../../node_modules/.cache/ingestion-progress');
const built = join(cache, `mongo-java-server-${VERSION}`);
const WHAT_IT_NEEDS = 'Install a JDK 17 or newer and Maven (Debian: openjdk-17-jdk-headless, maven).';

/** Builds it in a folder of its own, and moves it into place when it is whole. */
function build(maven: string): void {
  console.log('Building mongo-java-server (only this once)');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'mongo-java-server-build-'));
  try {
    cpSync(join(here, 'mongo-java-server'), folder, { recursive: true });
    const goals = ['compile', 'dependency:copy-dependencies', '-DincludeScope=runtime'];
    const outcome = spawnSync(maven, ['-q', '-B', ...goals], { cwd: folder, encoding: 'utf8' });
    if (outcome.status !== 0) {
      const said = outcome.error?.message ?? outcome.stdout.trim().split('\n').slice(-8).join('\n');
      throw new Error(`Building mongo-java-server failed: ${said}\n${WHAT_IT_NEEDS}`);
    }
    renameSync(join(folder, 'target'), built);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Finds it, building it if it must; throws a sentence that says what is missing. */
export function ensureMongoJavaServer(): MongoJavaServer {
  const java = findProgram('java');
  const maven = findProgram('mvn');
  if (java === null) throw new Error(`mongo-java-server needs Java. ${WHAT_IT_NEEDS}`);
  if (!existsSync(built)) {
    if (maven === null) throw new Error(`mongo-java-server is built by Maven. ${WHAT_IT_NEEDS}`);
    build(maven);
  }
  return { program: java, classPath: [join(built, 'classes'), join(built, 'dependency/*')].join(':') };
}
