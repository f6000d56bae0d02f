import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../../examples/folder-ingestion/command-line.js';
import { demoEnvironment } from '../../../examples/folder-ingestion/environment.js';

describe('the command line', () => {
  it.each([
    [[], { kind: 'run', folder: null, once: false }],
    [['docs'], { kind: 'run', folder: 'docs', once: false }],
    [['--once', 'docs'], { kind: 'run', folder: 'docs', once: true }],
    [['docs', '--once'], { kind: 'run', folder: 'docs', once: true }],
    [['--', 'docs'], { kind: 'run', folder: 'docs', once: false }],
    [['--help'], { kind: 'help' }],
  ])('%j is understood', (args, expected) => {
    expect(readCommandLine(args)).toEqual(expected);
  });

  it.each([
    [['a', 'b'], 'One folder at a time'],
    [['--onec', 'a'], '--onec is not known'],
  ])('%j is a mistake that is named', (args, message) => {
    expect(readCommandLine(args)).toMatchObject({
      kind: 'mistake',
      message: expect.stringContaining(message),
    });
  });
});

describe('the environment of the demo', () => {
  it('makes up a secret where none is given, another one each time, and is quiet', () => {
    const first = demoEnvironment({});
    expect(first['JWT_SECRET']).toMatch(/^.{32,}$/);
    expect(demoEnvironment({})['JWT_SECRET']).not.toBe(first['JWT_SECRET']);
    expect(first['LOG_LEVEL']).toBe('warn');
  });

  it('keeps what is given', () => {
    const given = { JWT_SECRET: 'given', LOG_LEVEL: 'debug', PORT: '1' };
    expect(demoEnvironment(given)).toEqual(given);
  });

  it.each(['JWT_PUBLIC_KEY', 'JWT_JWKS_URI'])('refuses %s, which it could not sign for', (name) => {
    expect(() => demoEnvironment({ [name]: 'something' })).toThrow(`${name} is of no use here`);
  });
});
