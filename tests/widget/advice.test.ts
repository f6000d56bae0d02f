import { describe, expect, it } from 'vitest';
import { adviceForClose, adviceForErrors, lossIn } from '../../widget/client/advice.js';

// (invariant: close-code-says-what-to-do)
describe('What a close code asks for', () => {
  it.each([
    [1000, 'retry', 'CONNECTION_LOST'],
    [1001, 'retry', 'CONNECTION_LOST'],
    [1005, 'retry', 'CONNECTION_LOST'],
    [1006, 'retry', 'CONNECTION_LOST'],
    [1009, 'giveUp', 'MESSAGE_TOO_BIG'],
    [1011, 'retry', 'CONNECTION_LOST'],
    [1012, 'spread', 'SERVER_RESTARTING'],
    [1013, 'retry', 'SERVER_BUSY'],
    [4004, 'giveUp', 'PROTOCOL_ERROR'],
    [4005, 'giveUp', 'PROTOCOL_ERROR'],
    [4400, 'giveUp', 'PROTOCOL_ERROR'],
    [4401, 'refresh', 'UNAUTHENTICATED'],
    [4403, 'refresh', 'TOKEN_EXPIRED'],
    [4406, 'giveUp', 'PROTOCOL_ERROR'],
    [4408, 'retry', 'TIMEOUT'],
    [4409, 'giveUp', 'PROTOCOL_ERROR'],
    [4429, 'giveUp', 'PROTOCOL_ERROR'],
    [4500, 'retry', 'CONNECTION_LOST'],
    [4504, 'retry', 'TIMEOUT'],
    [4999, 'retry', 'CONNECTION_LOST'],
  ])('%i: %s (%s), in a sentence', (closeCode, advice, code) => {
    const loss = adviceForClose(closeCode);
    expect(loss).toMatchObject({ advice, error: { code } });
    expect(loss.error.message).toMatch(/^[A-Z][a-z].+\.$/);
  });
});

describe('What the code of a refused operation asks for', () => {
  it.each([
    ['UNAVAILABLE', 'retry'],
    ['RATE_LIMITED', 'retry'],
    ['INTERNAL_SERVER_ERROR', 'retry'],
    ['UNAUTHENTICATED', 'refresh'],
    ['TOKEN_EXPIRED', 'refresh'],
    ['FORBIDDEN', 'refuse'],
    ['BAD_USER_INPUT', 'giveUp'],
    ['NOT_FOUND', 'giveUp'],
    ['CONFLICT', 'giveUp'],
    ['SOMETHING_NEW', 'giveUp'],
  ])('%s: %s', (code, advice) => {
    const loss = adviceForErrors([{ message: 'Said so.', extensions: { code } }, { message: 'Second.' }]);
    expect(loss).toEqual({ advice, error: { code, message: 'Said so.' } });
  });

  it.each([
    [[]],
    [[null]],
    [['x']],
    [[{}]],
    [[{ message: 7, extensions: null }]],
    [[{ extensions: { code: 7 } }]],
  ])('is a broken protocol where there is none to read: %j', (errors) => {
    expect(adviceForErrors(errors)).toEqual({
      advice: 'giveUp',
      error: { code: 'PROTOCOL_ERROR', message: 'Protocol error.' },
    });
  });

  it('is to try again where nobody foresaw the error', () => {
    expect(lossIn(new TypeError('odd'))).toEqual({
      advice: 'retry',
      error: { code: 'CONNECTION_LOST', message: 'TypeError: odd' },
    });
  });
});
