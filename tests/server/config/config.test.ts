/** The environment of a server: defaults, ranges, and every problem at once. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError, VARIABLES, configOf, readConfig } from '../../../server/config.js';

const base = { JWT_SECRET: 'a secret of thirty-two characters, at least' };

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the environment', () => {
  it('has the defaults that the surface promises', () => {
    expect(readConfig(base)).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      publicUrl: null,
      mongodbUri: null,
      dataDir: '.data',
      redisUrl: null,
      corsOrigins: [],
      logLevel: 'info',
      graphiql: false,
    });
  });

  it('counts an empty value as none', () => {
    expect(readConfig({ ...base, PORT: '', REDIS_URL: '' })).toMatchObject({ port: 4000, redisUrl: null });
  });

  it('takes lists, numbers and flags', () => {
    expect(
      readConfig({
        ...base,
        CORS_ORIGINS: 'https://a.example, https://b.example',
        PORT: '0',
        GRAPHIQL: 'true',
      }),
    ).toMatchObject({ corsOrigins: ['https://a.example', 'https://b.example'], port: 0, graphiql: true });
  });

  it('refuses deadlines that contradict each other by both names, also where one is the default', () => {
    for (const given of [{ REQUEST_TIMEOUT_MS: '5000' }, { HEADERS_TIMEOUT_MS: '60000' }]) {
      const [problem, ...others] = problemsOf({ ...base, ...given });
      expect(problem).toMatch(/HEADERS_TIMEOUT_MS.*REQUEST_TIMEOUT_MS/);
      expect(others).toEqual([]);
    }
    expect(problemsOf({ ...base, HEADERS_TIMEOUT_MS: '5000', REQUEST_TIMEOUT_MS: '5000' })).toEqual([]);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '4e3'],
    ['PUBLIC_URL', 'example.com'],
    ['MONGODB_URI', 'http://db'],
    ['MONGODB_URI', 'mongodb://a:27017,/db'],
    ['MONGODB_URI', 'mongodb://a:27017,b:port/db'],
    ['REDIS_URL', 'localhost'],
    ['REDIS_URL', 'redis://:100%@127.0.0.1'],
    ['REDIS_URL', 'redis://127.0.0.1/first'],
    ['REDIS_URL', 'redis://127.0.0.1?dbb=1'],
    ['REDIS_TLS_CA', '/no/such/file'],
    ['JWT_CLOCK_TOLERANCE_SECONDS', '-1'],
    ['CORS_ORIGINS', 'example.com'],
    ['CORS_ORIGINS', 'https://a.example/path'],
    ['TRUSTED_PROXIES', 'proxy'],
    ['LOG_LEVEL', 'loud'],
    ['GRAPHIQL', 'perhaps'],
    ['MAX_BODY_BYTES', '1'],
    ['JWT_SECRET', 'x'.repeat(31)],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(problemsOf({ ...base, [name]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${name} must be`)),
    ]);
  });

  it.each([
    'mongodb://127.0.0.1:27017/progress',
    'mongodb://user:word@a:27017,b:27018,[::1]:27019/progress?replicaSet=rs0',
    'mongodb+srv://user:word@cluster.example.com/progress',
  ])('takes the address of a MongoDB, with every member of its replica set: %s', (address) => {
    expect(problemsOf({ ...base, MONGODB_URI: address })).toEqual([]);
  });

  it('has a sentence of its own for every variable that can be wrong', () => {
    // Any text will do for these; an empty one counts as unset.
    const free = ['HOST', 'DATA_DIR', 'JWT_ISSUER', 'JWT_AUDIENCE'];
    const names = Object.keys(VARIABLES).filter((name) => !free.includes(name));
    for (const name of names) {
      const isSource = name.startsWith('JWT_') && name !== 'JWT_CLOCK_TOLERANCE_SECONDS';
      const problems = problemsOf({ ...(isSource ? {} : base), [name]: 'neither this, nor that' });
      expect(problems, name).toEqual([expect.stringMatching(new RegExp(`^${name} must be .+\\.$`))]);
    }
  });

  it('takes each number at both ends of its range, and refuses the next ones', () => {
    for (const [name, { schema, unit }] of Object.entries(VARIABLES)) {
      if (unit === null) continue;
      const [, least, most] = /from (\d+) to (\d+)/.exec(problemsOf({ ...base, [name]: 'x' })[0] ?? '') ?? [];
      const fits = (value: number) => schema.safeParse(String(value)).success;
      const [low, high] = [Number(least), Number(most)];
      expect([low - 1, low, high, high + 1].map(fits), name).toEqual([false, true, true, false]);
    }
  });

  it('refuses every two sources of keys by both names', () => {
    const { publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const sources = Object.entries({
      ...base,
      JWT_PUBLIC_KEY: publicKey,
      JWT_JWKS_URI: 'https://login.example.com/keys',
    });
    for (const [place, one] of sources.entries()) {
      for (const other of sources.slice(place + 1)) {
        expect(problemsOf(Object.fromEntries([one, other]))).toEqual([
          expect.stringContaining(`${one[0]} and ${other[0]}`),
        ]);
      }
    }
  });

  it('refuses a public key that is none', () => {
    expect(problemsOf({ JWT_PUBLIC_KEY: 'hello' })).toEqual([expect.stringContaining('JWT_PUBLIC_KEY')]);
  });

  it('asks for one source of keys, and no more than one, by their names', () => {
    expect(problemsOf({})[0]).toContain('JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URI');
    expect(problemsOf({ ...base, JWT_JWKS_URI: 'https://a.example' })[0]).toContain(
      'JWT_SECRET and JWT_JWKS_URI',
    );
  });

  it('names every problem at once', () => {
    expect(problemsOf({ PORT: 'x', LOG_LEVEL: 'x' })).toHaveLength(3);
  });

  it.each([
    ['REDIS_URL', 'hidden:secret@host'],
    ['REDIS_URL', 'redis://127.0.0.1?password=hidden'],
    ['REDIS_URL', 'redis://127.0.0.1?hidden=1'],
    ['REDIS_URL', 'redis://user:hidden%@127.0.0.1'],
    ['MONGODB_URI', 'mongodb://user:hidden@a:27017,/db'],
    ['PUBLIC_URL', 'https://user:hidden@progress.example.com'],
    ['JWT_JWKS_URI', 'https://hidden@login.example.com/keys'],
    ['JWT_SECRET', 'hidden'],
    ['JWT_PUBLIC_KEY', 'hidden'],
  ])('keeps a secret out of what it says about %s=%s', (name, value) => {
    const given = name.startsWith('JWT_') ? {} : base;
    const problems = problemsOf({ ...given, [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} must be .+\\.$`))]);
    expect(problems.join()).not.toContain('hidden');
    const option = name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const options = name.startsWith('JWT_') ? {} : { jwtSecret: base.JWT_SECRET };
    expect(() => configOf({ ...options, [option]: value })).toThrow(problems[0]);
  });

  it('refuses a key of the wrong kind, and says which is right', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(problemsOf({ JWT_PUBLIC_KEY: publicKey })).toEqual([]);
    expect(problemsOf({ JWT_PUBLIC_KEY: privateKey.replaceAll('\n', '\\n') })).toEqual([
      'JWT_PUBLIC_KEY must be the public key, not the private one (openssl pkey -pubout prints it).',
    ]);
    expect(problemsOf({ JWT_SECRET: publicKey })).toEqual([
      'JWT_SECRET must be a secret, not a key of a pair: set JWT_PUBLIC_KEY to the public one.',
    ]);
  });
});

describe('options of the library', () => {
  it('are the environment in camel case, by the same rules', () => {
    const config = configOf({
      jwtSecret: base.JWT_SECRET,
      port: 0,
      corsOrigins: ['https://a.example'],
      graphiql: true,
    });
    expect(config).toMatchObject({ port: 0, corsOrigins: ['https://a.example'], graphiql: true });
    expect(configOf(config)).toEqual(config);
    expect(() => configOf({ jwtSecret: 'x', port: 70_000 })).toThrow('PORT must be');
  });
});

describe('every variable', () => {
  it('has a sentence that describes it', () => {
    for (const { description } of Object.values(VARIABLES)) expect(description).toMatch(/^[A-Z].+\.$/);
  });
});
