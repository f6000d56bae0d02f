/** What the tests of single kinds share: a target that ends with its test, and what must hold of it afterwards. */
import { expect, onTestFinished, vi } from 'vitest';
import { CONTAINER_BYTES, MEMORY_SLACK_BYTES, memoryBack, startTarget } from '../harness.js';
import type { Target, TargetOptions } from '../harness.js';
import { ask } from '../wire.js';

// A server's start and its recovery take long on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** A server that ends with the test, and what it used before anything happened. */
export interface Attacked extends Target {
  /** Throws if it ended, was killed by its container, or still uses more than it did. */
  expectUnharmed(): Promise<void>;
  /** Lines of its log since the start. */
  log(): readonly string[];
  /** The value of a metric without labels. */
  metric(name: string): Promise<number>;
}

/** Starts one. */
export async function startAttacked(environment: TargetOptions['environment'] = {}): Promise<Attacked> {
  const target = await startTarget({ environment });
  onTestFinished(() => target.dispose());
  const before = (await target.usedBytes()) ?? 0;
  return {
    ...target,
    expectUnharmed: async () => {
      expect(target.ended()).toBeNull();
      const used = await memoryBack(target, before + MEMORY_SLACK_BYTES);
      expect(target.ended()).toBeNull();
      expect(Math.round((used - before) / 1_048_576), 'MB more in use than before').toBeLessThanOrEqual(30);
      expect(target.peakBytes(), 'bytes resident at the peak').toBeLessThan(CONTAINER_BYTES);
    },
    log: () => target.lines.map(({ text }) => text),
    metric: async (name) => {
      const { text } = await ask({ port: target.port, address: '127.0.0.1', path: '/metrics' });
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    },
  };
}

/** The code of the first error in an answer; null if there is none. */
export const codeIn = (text: string): string | null => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? null;
