import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../examples/folder-ingestion/command-line.js';
import { demoEnvironment } from '../../../examples/folder-ingestion/environment.js';

describe('the command line', () => {
  it.each([
    [[], { kind: 'run', folder: null, once: false }],
    [['docs'], { kind: 'run', folder: 'docs', once: false }],
    [['--once', 'docs'], { kind: 'run', folder: 'docs', once: true }],
    [['docs', '--once'], { kind: 'run', folder: 'docs', once: true }],
    [['--', 'docs'], { kind: 'run', folder: 'docs', once: false }],
    [['--help'], { kind: 'help' }],
  ])('%j is parsed', (args, expected) => {
    expect(parseCommandLine(args)).toEqual(expected);
  });

  it.each([
    [['a', 'b'], 'Give one folder, not 2'],
    [['--onec', 'a'], 'Unknown option --onec'],
  ])('%j is invalid, with a message', (args, message) => {
    expect(parseCommandLine(args)).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(message),
    });
  });
});

describe('the environment of the demo', () => {
  it('has a new random secret each time if none is set, and logs only warnings', () => {
    const first = demoEnvironment({});
    expect(first['JWT_SECRET']).toMatch(/^.{32,}$/);
    expect(demoEnvironment({})['JWT_SECRET']).not.toBe(first['JWT_SECRET']);
    expect(first['LOG_LEVEL']).toBe('warn');
  });

  it('keeps the variables that are set', () => {
    const given = { JWT_SECRET: 'given', LOG_LEVEL: 'debug', PORT: '1' };
    expect(demoEnvironment(given)).toEqual(given);
  });

  it.each(['JWT_PUBLIC_KEY', 'JWT_JWKS_URI'])(
    'rejects %s, because it could not sign tokens for it',
    (name) => {
      expect(() => demoEnvironment({ [name]: 'something' })).toThrow(`${name} can't be used here`);
    },
  );
});
