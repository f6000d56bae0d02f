/** Which keys are taken, by which algorithms, and which are of the wrong kind. */
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isKeyOfPair, publicKeyOf } from '../../../server/auth/public-key.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });

describe('a public key', () => {
  it.each([
    ['RSA in PEM', pemOf(rsa.publicKey), ['RS256', 'RS384', 'RS512']],
    ['RSA as JWK', jwkOf(rsa.publicKey), ['RS256', 'RS384', 'RS512']],
    ['P-384 as JWK', jwkOf(ec.publicKey), ['ES384']],
  ])('%s pins its algorithms', (_kind, key, algorithms) => {
    expect(publicKeyOf(key).algorithms).toEqual(algorithms);
  });

  it.each([
    ['a private key in PEM', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['an old private key in PEM', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['a private JWK', jwkOf(rsa.privateKey)],
    ['a private JWK on a curve', jwkOf(ec.privateKey)],
    ['a secret as JWK', { kty: 'oct', k: 'c2VjcmV0' }],
    ['an Ed25519 key', pemOf(generateKeyPairSync('ed25519').publicKey)],
    ['another curve', pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['RSA that can be factored', pemOf(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey)],
    ['RSA for PSS only', pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey)],
  ])('is refused if it is %s', (_kind, key) => {
    expect(() => publicKeyOf(key)).toThrow();
  });
});

describe('a shared secret is refused if it is', () => {
  const pem = pemOf(rsa.publicKey);
  it.each([
    ['a public key in PEM', pem],
    ['one with its line breaks written out', pem.replaceAll('\n', '\\n')],
    ['one in base64', Buffer.from(pem).toString('base64')],
    ['one without its first and last line', pem.replaceAll(/-----[^-]+-----|\n/g, '')],
    ['a JWK', JSON.stringify(jwkOf(ec.publicKey))],
    ['a JWK in base64', Buffer.from(JSON.stringify(jwkOf(rsa.publicKey))).toString('base64url')],
    ['an OpenSSH key', `ssh-ed25519 ${'A'.repeat(68)} anna@example`],
  ])('%s', (_kind, text) => {
    expect(isKeyOfPair(text)).toBe(true);
  });

  it.each([
    'a secret of thirty-two characters, at least',
    randomBytes(48).toString('base64'),
    randomBytes(32).toString('hex'),
  ])('but not if it is a secret', (text) => {
    expect(isKeyOfPair(text)).toBe(false);
  });
});
