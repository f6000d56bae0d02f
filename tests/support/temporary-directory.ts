/** A temporary directory for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that can be deleted. */
export interface TemporaryDirectory extends Disposable {
  readonly path: string;
  delete(): void;
}

/** Creates an empty directory. */
export function createTemporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'ingestion-progress-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  return { path, delete: remove, [Symbol.dispose]: remove };
}
