/** A clock of a server's own, ahead of this machine's or behind it, that a test can set. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import type { OutsideServer } from './outside.js';

/** The clock of a server that is started with `environment`. */
export interface SkewedClock {
  readonly environment: Readonly<Record<string, string>>;
  /** Sets that server's clock so many milliseconds ahead of this machine's; behind if negative. */
  set(server: OutsideServer, skewMs: number): void;
}

/** Makes a clock for a server that does not run yet. */
export function createSkewedClock(skewMs: number): SkewedClock {
  const directory = createTemporaryDirectory();
  onTestFinished(() => directory.delete());
  const file = join(directory.path, 'skew');
  writeFileSync(file, String(skewMs));
  const preload = new URL('./clock-preload.js', import.meta.url);
  return {
    environment: { NODE_OPTIONS: `--import ${preload.href}`, CLOCK_SKEW_FILE: file },
    set: ({ process }, next) => {
      writeFileSync(file, String(next));
      process.child.kill('SIGUSR2');
    },
  };
}
