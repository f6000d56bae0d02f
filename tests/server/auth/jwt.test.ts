/** From a token to a viewer, and everything that is not let through. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTokenVerifier } from '../../../server/auth/jwt.js';
import type { KeySource, TokenVerifierOptions } from '../../../server/auth/jwt.js';

const NOW = 1_700_000_000;
const secret = 'a secret of thirty-two characters, at least';
const claims = { sub: 'anna', exp: NOW + 60, projects: ['p1'] };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

function verifier(keys: KeySource = { secret }, rest: Partial<TokenVerifierOptions> = {}) {
  return createTokenVerifier({ keys, clock: { now: () => NOW * 1_000 }, ...rest });
}

function signed(payload: object | string, key: jwt.Secret = secret, options: jwt.SignOptions = {}): string {
  return jwt.sign(payload, key, typeof payload === 'string' ? options : { noTimestamp: true, ...options });
}

describe('a good token', () => {
  it('gives subject, projects, expiry and read access', async () => {
    const viewer = await verifier().verify(signed(claims));
    expect(viewer).toMatchObject({ subject: 'anna', expiresAt: (NOW + 60) * 1_000 });
    expect([viewer.projects, viewer.scopes]).toEqual([new Set(['p1']), new Set(['progress:read'])]);
  });

  it.each([
    ['progress:read', ['progress:read']],
    ['progress:write', ['progress:read', 'progress:write']],
    ['ingestion:control other', ['ingestion:control', 'progress:read']],
    ['openid profile', []],
    ['', []],
  ])('with scope "%s" may %j', async (scope, expected) => {
    const { scopes } = await verifier().verify(signed({ ...claims, scope }));
    expect([...scopes].sort()).toEqual(expected);
  });

  it('may expire at a fraction of a second, which is told in whole milliseconds', async () => {
    const viewer = await verifier().verify(signed({ ...claims, exp: NOW + 60.123_456_7 }));
    expect(viewer.expiresAt).toBe((NOW + 60) * 1_000 + 123);
  });

  it('may cover every project, or none where it names none', async () => {
    expect((await verifier().verify(signed({ ...claims, projects: '*' }))).projects).toBe('*');
    const { projects: _, ...bare } = claims;
    expect((await verifier().verify(signed(bare))).projects).toEqual(new Set());
  });

  it('may be signed by RSA or EC where a public key is given', async () => {
    const byRsa = signed(claims, rsa.privateKey, { algorithm: 'RS256' });
    const byEc = signed(claims, ec.privateKey, { algorithm: 'ES256' });
    await verifier({ publicKey: pemOf(rsa.publicKey) }).verify(byRsa);
    await verifier({ publicKey: pemOf(ec.publicKey) }).verify(byEc);
    await expect(verifier({ publicKey: pemOf(ec.publicKey) }).verify(byRsa)).rejects.toThrow();
  });
});

describe('refused', () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { exp: _exp, ...eternal } = claims;
  const { sub: _sub, ...nameless } = claims;

  it.each([
    ['what is no token', 'a.b'],
    ['nothing', ''],
    ['a payload that is not JSON', `${encode({ alg: 'HS256', typ: 'JWT' })}.aGVsbG8.c2lnbmF0dXJl`],
    ['alg none', `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`],
    ['another secret', signed(claims, 'x'.repeat(40))],
    ['another HMAC than the pinned one', signed(claims, secret, { algorithm: 'HS512' })],
    ['no exp', signed(eternal)],
    ['no sub', signed(nameless)],
    ['projects that are neither a list nor *', signed({ ...claims, projects: 'p1' })],
    ['a token that is not good yet', signed({ ...claims, nbf: NOW + 6 })],
    ['an nbf that is no number', signed(JSON.stringify({ ...claims, nbf: 'x' }))],
    [
      'a crit header, since no extension is understood',
      signed(claims, secret, { header: { alg: 'HS256', crit: ['exp'] } }),
    ],
    ['a token of enormous size', signed({ ...claims, much: 'x'.repeat(20_000) })],
  ])('%s, as UNAUTHENTICATED', async (_case, token) => {
    await expect(verifier().verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('an HMAC made with the public key as secret', async () => {
    const publicKey = pemOf(rsa.publicKey);
    const head = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    const forged = `${head}.${createHmac('sha256', publicKey).update(head).digest('base64url')}`;
    await expect(verifier({ publicKey }).verify(forged)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('an expired one as TOKEN_EXPIRED, but for the tolerance', async () => {
    const token = signed({ ...claims, exp: NOW - 5 });
    await expect(verifier().verify(token)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    const tolerant = await verifier({ secret }, { clockToleranceSeconds: 10 }).verify(token);
    expect(tolerant.expiresAt).toBe((NOW + 5) * 1_000);
  });

  it.each([
    [0, 5, true],
    [0, 6, false],
    [60, 60, true],
    [60, 61, false],
  ])(
    'with a tolerance of %i s, one whose nbf is %i s ahead: good is %s',
    async (tolerance, ahead, isGood) => {
      const tolerant = verifier({ secret }, { clockToleranceSeconds: tolerance });
      const verified = tolerant.verify(signed({ ...claims, nbf: NOW + ahead, iat: NOW + ahead }));
      await (isGood ? verified : expect(verified).rejects.toMatchObject({ code: 'UNAUTHENTICATED' }));
    },
  );

  it('another issuer or audience, where one is asked for', async () => {
    const strict = verifier({ secret }, { issuer: 'https://login', audience: 'progress' });
    await strict.verify(signed({ ...claims, iss: 'https://login', aud: ['progress', 'other'] }));
    for (const wrong of [{ aud: 'progress' }, { iss: 'https://login' }, { iss: 'x', aud: 'progress' }]) {
      await expect(strict.verify(signed({ ...claims, ...wrong }))).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
  });
});

describe('keys by URL', () => {
  async function serveKeys() {
    const keys: object[] = [];
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    return {
      server,
      source: { jwksUri: `http://127.0.0.1:${port}/jwks.json` },
      publish: (kid: string, key: KeyObject, fields: object = {}) =>
        void keys.push({ ...key.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256', ...fields }),
      requests: () => requests,
    };
  }

  it('are fetched once, and again for a key that is new', async () => {
    const { source, publish, requests } = await serveKeys();
    publish('one', rsa.publicKey);
    const byUrl = verifier(source);
    const one = signed(claims, rsa.privateKey, { algorithm: 'RS256', keyid: 'one' });
    await byUrl.verify(one);
    await byUrl.verify(one);
    expect(requests()).toBe(1);
    const fresh = generateKeyPairSync('rsa', { modulusLength: 2048 });
    publish('two', fresh.publicKey);
    await byUrl.verify(signed(claims, fresh.privateKey, { algorithm: 'RS256', keyid: 'two' }));
    await byUrl.verify(one);
    expect(requests()).toBe(2);
  });

  it('that do not have the one asked for refuse the token', async () => {
    const { source, publish } = await serveKeys();
    publish('one', rsa.publicKey);
    const token = signed(claims, rsa.privateKey, { algorithm: 'RS256', keyid: 'other' });
    await expect(verifier(source).verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(verifier(source).verify(signed(claims))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('are found however many tokens name keys that are not there', async () => {
    const { source, publish, requests } = await serveKeys();
    publish('one', rsa.publicKey);
    const byUrl = verifier(source);
    const named = (keyid: string) =>
      byUrl.verify(signed(claims, rsa.privateKey, { algorithm: 'RS256', keyid }));
    const codes = new Set<unknown>();
    for (let count = 0; count < 30; count += 1) {
      codes.add(await named(`none-${count}`).catch(({ code }) => code as unknown));
    }
    expect(codes).toEqual(new Set(['UNAUTHENTICATED', 'UNAVAILABLE']));
    expect(requests()).toBe(10);
    await named('one');
  });

  it('that were known are good for a while where they cannot be fetched anew', async () => {
    const { source, publish, server } = await serveKeys();
    publish('one', rsa.publicKey);
    let now = NOW * 1_000;
    const byUrl = verifier(source, { clock: { now: () => now } });
    const token = signed({ ...claims, exp: NOW + 10_000 }, rsa.privateKey, {
      algorithm: 'RS256',
      keyid: 'one',
    });
    await byUrl.verify(token);
    server.close();
    server.closeAllConnections();
    now += 4_000_000;
    await byUrl.verify(token);
    now += 300_000;
    await expect(byUrl.verify(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('that are published with their private part, or for encryption, are not taken', async () => {
    const { source, publish } = await serveKeys();
    publish('open', rsa.privateKey);
    publish('enc', rsa.publicKey, { use: 'enc' });
    publish('good', rsa.publicKey);
    const byUrl = verifier(source);
    const named = (keyid: string) =>
      byUrl.verify(signed(claims, rsa.privateKey, { algorithm: 'RS256', keyid }));
    await named('good');
    for (const kid of ['open', 'enc'])
      await expect(named(kid)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('whose answer begins and never ends are UNAVAILABLE after three seconds', async () => {
    const { source, server } = await serveKeys();
    server.removeAllListeners('request').on('request', (_request, response: ServerResponse) => {
      response.write('{');
    });
    onTestFinished(() => server.closeAllConnections());
    const token = signed(claims, rsa.privateKey, { algorithm: 'RS256', keyid: 'one' });
    await expect(verifier(source).verify(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }, 10_000);

  it('that cannot be had now are UNAVAILABLE', async () => {
    const { source, server } = await serveKeys();
    server.close();
    const token = signed(claims, rsa.privateKey, { algorithm: 'RS256', keyid: 'one' });
    await expect(verifier(source).verify(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
