/** Records rclone, local to local: a copy, then the check of it, as two phases. `tsx rclone.ts FOLDER` */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRecorder, run, versionOf } from './recorder.js';

interface Line {
  readonly stats?: {
    readonly bytes: number;
    readonly totalBytes: number;
    readonly transfers: number;
    readonly totalTransfers: number;
    readonly checks: number;
    readonly totalChecks: number;
  };
}

const folder = process.argv[2] ?? '/usr/share';
const target = mkdtempSync(join(tmpdir(), 'trace-'));
const stats = ['--use-json-log', '--stats', '500ms', '--stats-log-level', 'NOTICE', '--skip-links'];
try {
  const recorder = createRecorder(
    `${await versionOf('rclone', 'version')}: copy --transfers 2, check --download`,
  );
  recorder.startPhase('Copy');
  await run('rclone', ['copy', '--transfers', '2', ...stats, folder, join(target, 'copy')], (line) => {
    const { stats: said } = JSON.parse(line) as Line;
    if (said === undefined) return;
    recorder.say({
      itemsDone: said.transfers,
      itemsTotal: said.totalTransfers,
      bytesDone: said.bytes,
      bytesTotal: said.totalBytes,
    });
  });
  recorder.startPhase('Check');
  await run(
    'rclone',
    ['check', '--download', '--checkers', '2', ...stats, folder, join(target, 'copy')],
    (line) => {
      const { stats: said } = JSON.parse(line) as Line;
      if (said !== undefined) recorder.say({ itemsDone: said.checks, itemsTotal: said.totalChecks });
    },
  );
  recorder.save('rclone');
} finally {
  rmSync(target, { recursive: true });
}
