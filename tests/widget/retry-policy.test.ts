import { describe, expect, it } from 'vitest';
import { failureForClose, failureForErrors, toFailure } from '../../widget/client/retry-policy.js';

// (invariant: close-code-says-what-to-do)
describe('The failure for a close code', () => {
  it.each([
    [1000, 'retry', 'CONNECTION_LOST'],
    [1001, 'retry', 'CONNECTION_LOST'],
    [1005, 'retry', 'CONNECTION_LOST'],
    [1006, 'retry', 'CONNECTION_LOST'],
    [1009, 'fatal', 'MESSAGE_TOO_BIG'],
    [1011, 'retry', 'CONNECTION_LOST'],
    [1012, 'jittered', 'SERVER_RESTARTING'],
    [1013, 'retry', 'SERVER_BUSY'],
    [4004, 'fatal', 'PROTOCOL_ERROR'],
    [4005, 'fatal', 'PROTOCOL_ERROR'],
    [4400, 'fatal', 'PROTOCOL_ERROR'],
    [4401, 'refresh', 'UNAUTHENTICATED'],
    [4403, 'refresh', 'TOKEN_EXPIRED'],
    [4406, 'fatal', 'PROTOCOL_ERROR'],
    [4408, 'retry', 'TIMEOUT'],
    [4409, 'fatal', 'PROTOCOL_ERROR'],
    [4429, 'fatal', 'PROTOCOL_ERROR'],
    [4500, 'retry', 'CONNECTION_LOST'],
    [4504, 'retry', 'TIMEOUT'],
    [4999, 'retry', 'CONNECTION_LOST'],
  ])('%i: %s (%s), in a sentence', (closeCode, policy, code) => {
    const failure = failureForClose(closeCode);
    expect(failure).toMatchObject({ policy, error: { code } });
    expect(failure.error.message).toMatch(/^[A-Z][a-z].+\.$/);
  });
});

describe('The failure for an error code', () => {
  it.each([
    ['UNAVAILABLE', 'retry'],
    ['RATE_LIMITED', 'retry'],
    ['INTERNAL_SERVER_ERROR', 'retry'],
    ['UNAUTHENTICATED', 'refresh'],
    ['TOKEN_EXPIRED', 'refresh'],
    ['FORBIDDEN', 'deny'],
    ['BAD_USER_INPUT', 'fatal'],
    ['NOT_FOUND', 'fatal'],
    ['CONFLICT', 'fatal'],
    ['SOMETHING_NEW', 'fatal'],
  ])('%s: %s', (code, policy) => {
    const failure = failureForErrors([{ message: 'Said so.', extensions: { code } }, { message: 'Second.' }]);
    expect(failure).toEqual({ policy, error: { code, message: 'Said so.' } });
  });

  it.each([
    [[]],
    [[null]],
    [['x']],
    [[{}]],
    [[{ message: 7, extensions: null }]],
    [[{ extensions: { code: 7 } }]],
  ])('is a broken protocol where there is none to read: %j', (errors) => {
    expect(failureForErrors(errors)).toEqual({
      policy: 'fatal',
      error: { code: 'PROTOCOL_ERROR', message: 'Protocol error.' },
    });
  });

  it('is to try again where nobody foresaw the error', () => {
    expect(toFailure(new TypeError('odd'))).toEqual({
      policy: 'retry',
      error: { code: 'CONNECTION_LOST', message: 'TypeError: odd' },
    });
  });
});
