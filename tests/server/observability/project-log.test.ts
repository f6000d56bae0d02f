/** One project cannot fill the log, and does not silence another. */
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../server/observability/logger.js';
import { createProjectLog } from '../../../server/observability/project-log.js';

function recorded() {
  const lines: { readonly level: string; readonly projectId: unknown; readonly message: string }[] = [];
  const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push({ level, projectId: fields['projectId'], message });
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  let nowMs = 1_000;
  const log = createProjectLog(logger, { monotonicNow: () => nowMs });
  const count = (level: string, projectId?: string) =>
    lines.filter((line) => line.level === level && (projectId === undefined || line.projectId === projectId))
      .length;
  return { log, lines, count, pass: (ms: number) => (nowMs += ms) };
}

describe('the lines of a project', () => {
  it('are debug lines past 60 a minute, which one warning says', () => {
    const { log, count, lines } = recorded();
    for (let index = 0; index < 500; index += 1) log.info({ projectId: 'loud' }, 'progress committed');
    expect([count('info'), count('warn'), count('debug')]).toEqual([60, 1, 440]);
    expect(lines.find(({ level }) => level === 'warn')?.message).toContain('debug lines');
  });

  it('do not count for another project, nor for lines without one', () => {
    const { log, count } = recorded();
    for (let index = 0; index < 500; index += 1) log.warn({ projectId: 'loud' }, 'report adjusted');
    log.info({ projectId: 'quiet' }, 'progress committed');
    for (let index = 0; index < 100; index += 1) log.info({}, 'server closed');
    expect(count('info', 'quiet')).toBe(1);
    expect(count('info')).toBe(101);
  });

  it('are written again after a minute; errors always', () => {
    const { log, count, pass } = recorded();
    for (let index = 0; index < 100; index += 1) log.info({ projectId: 'loud' }, 'progress committed');
    log.error({ projectId: 'loud' }, 'onRejected threw');
    pass(60_000);
    log.info({ projectId: 'loud' }, 'progress committed');
    expect([count('info'), count('error')]).toEqual([61, 1]);
  });
});
