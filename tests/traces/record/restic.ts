/** Records `restic backup --json`: it scans while it saves, so that its totals grow at first. `tsx restic.ts FOLDER` */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRecorder, run, versionOf } from './recorder.js';

interface Status {
  readonly message_type: string;
  readonly percent_done?: number;
  readonly total_files?: number;
  readonly files_done?: number;
  readonly total_bytes?: number;
  readonly bytes_done?: number;
}

const folder = process.argv[2] ?? '/usr/share';
const repository = mkdtempSync(join(tmpdir(), 'trace-'));
const env = { RESTIC_PASSWORD: 'trace', RESTIC_REPOSITORY: repository, RESTIC_PROGRESS_FPS: '4' };
try {
  await run('restic', ['init'], () => undefined, env);
  const recorder = createRecorder(`${await versionOf('restic', 'version')}: backup --json --no-cache`);
  recorder.startPhase('Back up');
  await run(
    'restic',
    ['backup', '--json', '--no-cache', folder],
    (line) => {
      if (!line.startsWith('{')) return;
      const status = JSON.parse(line) as Status;
      if (status.message_type !== 'status') return;
      recorder.say({
        percent: 100 * (status.percent_done ?? 0),
        itemsDone: status.files_done ?? 0,
        ...(status.total_files === undefined ? {} : { itemsTotal: status.total_files }),
        bytesDone: status.bytes_done ?? 0,
        ...(status.total_bytes === undefined ? {} : { bytesTotal: status.total_bytes }),
      });
    },
    env,
  );
  recorder.save('restic');
} finally {
  rmSync(repository, { recursive: true });
}
