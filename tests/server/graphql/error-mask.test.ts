/** What a mask hides is logged: with its stack, in a short line, and once a minute however often it is asked for. */
import { GraphQLError } from 'graphql';
import { expect, it } from 'vitest';
import { createErrorMask } from '../../../server/graphql/error-mask.js';
import { createLimitLogger } from '../../../server/observability/limit-logger.js';
import { silentLogger } from '../../../server/observability/logger.js';

function recorded() {
  const lines: string[] = [];
  const logger = {
    ...silentLogger,
    error: (fields: object, message: string) => void lines.push(JSON.stringify({ message, ...fields })),
  };
  const limitLogger = createLimitLogger(logger, { setTimer: () => () => undefined });
  return { lines, limitLogger, mask: createErrorMask(limitLogger) };
}

/** As a fault of ours in a resolver: executed by graphql, from always the same place. */
const fault = (text: string) =>
  new GraphQLError('x', { path: ['progress'], originalError: new TypeError(text) });

it('hides what was thrown from the client, and logs it with where it was thrown', () => {
  const { lines, mask } = recorded();
  expect(mask(fault('secret words')).message).toBe('Something went wrong on the server.');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('TypeError: secret words');
  expect(lines[0]).toContain('error-mask.test.ts');
});

it('logs a fault once a minute, with a count, whatever the client put into its text', () => {
  const { lines, mask, limitLogger } = recorded();
  for (let index = 0; index < 1_000; index += 1) mask(fault(`no project ${index}`));
  expect(lines).toHaveLength(1);
  limitLogger.flush();
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({ count: 999 });
});

it('writes no line of more than 2 kB', () => {
  const { lines, mask } = recorded();
  mask(fault('long '.repeat(10_000)));
  expect(Buffer.byteLength(lines[0] ?? '')).toBeLessThan(2_048);
});
