/**
 * Issue 14, found 9, issuers of tokens: a key set that drips holds up no token check beyond its deadline, and a clock
 * that is a little ahead of ours refuses nobody.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SECRET } from '../support/tokens.js';
import { embedded, startOutside } from './support/outside.js';

vi.setConfig({ testTimeout: 60_000 });

/** What a poll of a project that never ingested is answered, if its token is good. */
const LET_IN = 404;
const REFUSED = 401;

const nowSeconds = () => Math.floor(Date.now() / 1_000);

/** The status of the answer to a poll with this token. */
async function statusFor(address: string, token: string): Promise<number> {
  const response = await fetch(`${address}/api/projects/p1/progress`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  await response.text();
  return response.status;
}

interface Issuer {
  readonly uri: string;
  readonly privateKey: KeyObject;
  /** From now on each answer begins at once and comes a byte a second. */
  drip(): void;
}

async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }];
  let isDripping = false;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    if (!isDripping) return void response.end(JSON.stringify({ keys }));
    const timer = setInterval(() => response.write(' '), 1_000);
    response.write('{');
    response.once('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    privateKey,
    drip: () => {
      isDripping = true;
    },
  };
}

function tokenOf({ privateKey }: Issuer, keyid = 'k1'): string {
  const claims = { sub: 'anna', projects: ['p1'], exp: nowSeconds() + 3_600 };
  return jwt.sign(claims, privateKey, { algorithm: 'RS256', keyid });
}

it('answers within ten seconds that tokens cannot be checked, while the key set drips', async () => {
  const issuer = await startIssuer();
  issuer.drip();
  const server = await startOutside({ ...embedded(), JWT_SECRET: '', JWT_JWKS_URI: issuer.uri });
  const before = performance.now();
  expect(await statusFor(server.address, tokenOf(issuer))).toBe(503);
  expect(performance.now() - before).toBeLessThan(10_000);
});

it('goes on with the keys that it knows, while the key set drips for a token whose key is new', async () => {
  const issuer = await startIssuer();
  const server = await startOutside({ ...embedded(), JWT_SECRET: '', JWT_JWKS_URI: issuer.uri });
  expect(await statusFor(server.address, tokenOf(issuer))).toBe(LET_IN);
  issuer.drip();
  const stranger = statusFor(server.address, tokenOf(issuer, 'k2'));
  expect(await statusFor(server.address, tokenOf(issuer))).toBe(LET_IN);
  // Of a key that is not known nothing can be said until the key set is there.
  expect(await stranger).toBe(503);
});

it.each([
  ['nbf', 3, LET_IN],
  ['iat', 3, LET_IN],
  ['nbf', 60, REFUSED],
])('with %s %i seconds ahead answers %i', async (claim, secondsAhead, status) => {
  const server = await startOutside(embedded());
  const now = nowSeconds();
  const claims = { sub: 'anna', projects: ['p1'], exp: now + 3_600, [claim]: now + secondsAhead };
  expect(await statusFor(server.address, jwt.sign(claims, SECRET, { noTimestamp: claim !== 'iat' }))).toBe(
    status,
  );
});

it('gives exp no tolerance of its own', async () => {
  const server = await startOutside(embedded());
  const claims = { sub: 'anna', projects: ['p1'], exp: nowSeconds() - 2 };
  expect(await statusFor(server.address, jwt.sign(claims, SECRET))).toBe(REFUSED);
});
