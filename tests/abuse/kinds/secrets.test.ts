/** Kind 9: secrets that are printed, keys of the wrong kind, and files that others may read. */
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import { SECRET, tokenFor } from '../../support/tokens.js';
import { spawnServer } from '../../integration/support/server-process.js';
import { ask } from '../wire.js';
import { codeIn, startAttacked } from './support.js';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
/** One that was taken after all is ended once it listens, and has no code. */
async function start(environment: Readonly<Record<string, string>>) {
  const folder = createTemporaryDirectory();
  onTestFinished(() => folder.delete());
  const server = spawnServer({ DATA_DIR: folder.path, ...environment });
  void server.listening().then(
    () => server.child.kill('SIGTERM'),
    () => undefined,
  );
  const { code, errors } = await server.ended;
  const printed = server.lines.all.join('\n') + errors;
  return { isTaken: printed.includes('listening on'), code, printed };
}

describe('a password is not printed', () => {
  test.each([
    ['REDIS_URL', 'redis://127.0.0.1:1?password=hunter2secret'],
    ['REDIS_URL', 'redis://user:hunter2secret@127.0.0.1:1'],
    ['MONGODB_URI', 'mongodb://user:hunter2secret with space@127.0.0.1:1/p?serverSelectionTimeoutMS=500'],
    ['PUBLIC_URL', 'http://user:hunter2secret@progress.example'],
  ])('of %s=%s', async (name, value) => {
    const { printed } = await start({ [name]: value });
    expect(printed).not.toBe('');
    expect(printed).not.toContain('hunter2secret');
    expect(printed).not.toContain('with space');
  });
});

describe('a key of the wrong kind is refused with a sentence and code 2', () => {
  test.each([
    ['a private key as JWT_PUBLIC_KEY', { JWT_SECRET: '', JWT_PUBLIC_KEY: privateKey }, 'JWT_PUBLIC_KEY'],
    ['a public key as JWT_SECRET', { JWT_SECRET: publicKey }, 'JWT_SECRET'],
    [
      'one whose line breaks are written out',
      { JWT_SECRET: publicKey.replaceAll('\n', '\\n') },
      'JWT_SECRET',
    ],
  ])('%s', async (_, environment, name) => {
    const { isTaken, code, printed } = await start(environment);
    expect(isTaken, printed.slice(0, 300)).toBe(false);
    expect(code).toBe(2);
    expect(printed).toContain(name);
    expect(printed).not.toContain('PRIVATE KEY-----\nMII');
  });
});

test('a token whose crit names what nobody here understands is UNAUTHENTICATED', async () => {
  const { port } = await startAttacked();
  const path = '/api/projects/p/progress';
  const key = createSecretKey(SECRET, 'utf8');
  const critical = jwt.sign({ sub: 'anna', projects: '*' }, key, {
    expiresIn: 60,
    header: {
      alg: 'HS256',
      crit: ['https://example.com/ext'],
      'https://example.com/ext': true,
    } as jwt.JwtHeader,
  });
  const good = await ask({ port, address: '127.9.0.1', path, token: tokenFor() });
  expect(codeIn(good.text)).toBe('NOT_FOUND');
  const { text } = await ask({ port, address: '127.9.0.1', path, token: critical });
  expect(codeIn(text)).toBe('UNAUTHENTICATED');
});

test('what the server keeps may be read by its own user alone', async () => {
  const folder = createTemporaryDirectory();
  onTestFinished(() => folder.delete());
  const dataDir = join(folder.path, 'data');
  await startAttacked({ DATA_DIR: dataDir });
  for (const path of [dataDir, join(dataDir, 'progress')]) {
    // Whoever may not enter the outer folder reads nothing in it.
    expect((statSync(path).mode & 0o077).toString(8), path).toBe('0');
  }
});
