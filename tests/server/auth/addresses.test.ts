/** Where a request came from, and what its refusals cost. */
import { describe, expect, it } from 'vitest';
import { bearerToken, connectionToken } from '../../../server/auth/bearer.js';
import { addressBlock, createClientAddress, isAddressRange } from '../../../server/auth/client-address.js';
import { createFailedAuthThrottle } from '../../../server/auth/failed-auth-throttle.js';
import { createManualClock } from '../../support/manual-clock.js';

describe('the address of a client', () => {
  const behind = createClientAddress(['10.0.0.0/8', '::1']);

  it('is the socket’s where no proxy is trusted', () => {
    expect(createClientAddress([])('203.0.113.1', '198.51.100.1')).toBe('203.0.113.1');
    expect(createClientAddress([])('::ffff:203.0.113.1', undefined)).toBe('203.0.113.1');
    expect(createClientAddress([])(undefined, undefined)).toBe('unknown');
  });

  it('is what the nearest proxy that is trusted says, never what the client says of itself', () => {
    expect(behind('10.1.2.3', '198.51.100.9, 203.0.113.1')).toBe('203.0.113.1');
    expect(behind('10.1.2.3', '203.0.113.1, 10.9.9.9')).toBe('203.0.113.1');
    expect(behind('::1', '203.0.113.1')).toBe('203.0.113.1');
    expect(behind('198.51.100.1', '203.0.113.1')).toBe('198.51.100.1');
    expect(behind('10.1.2.3', 'nonsense')).toBe('10.1.2.3');
  });

  it.each([
    ['203.0.113.7:51234', '203.0.113.7'],
    ['[2001:db8::7]:51234', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['fe80::7%eth0', 'fe80::7'],
  ])('is read from a hop as proxies write it: %s', (hop, address) => {
    expect(behind('10.0.0.1', hop)).toBe(address);
  });

  it.each([
    ['203.0.113.1', '203.0.113.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0000:1::', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['unknown', 'unknown'],
  ])('counts as itself, or as its /64: %s', (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });

  it('is told from ranges that are ranges', () => {
    expect(['10.0.0.0/8', '::1', 'fe80::/10', '1.2.3.4'].every(isAddressRange)).toBe(true);
    expect(['10.0.0.0/33', 'host', '10.0.0.0/x', '1.2.3.4/5/6', ''].some(isAddressRange)).toBe(false);
  });
});

describe('refusals of an address', () => {
  it('cost nothing at first, then time, then are limited until their minute is over', async () => {
    const clock = createManualClock();
    const ledger = createFailedAuthThrottle(clock, {
      slowAfter: 2,
      limitAfter: 4,
      windowMs: 60_000,
      delayStepMs: 100,
    });
    const kinds = () => ledger.recordFailure('a');
    expect([kinds(), kinds(), kinds(), kinds(), kinds()]).toEqual([
      { kind: 'none' },
      { kind: 'none' },
      { kind: 'slow', delayMs: 100 },
      { kind: 'slow', delayMs: 200 },
      { kind: 'limited' },
    ]);
    expect(ledger.recordFailure('b')).toEqual({ kind: 'none' });
    await clock.advance(59_000);
    expect(ledger.recordFailure('a')).toEqual({ kind: 'limited' });
    await clock.advance(1_000);
    expect(ledger.recordFailure('a')).toEqual({ kind: 'none' });
  });

  it('of one /64 of IPv6 are counted together', () => {
    const ledger = createFailedAuthThrottle(createManualClock(), { slowAfter: 0, limitAfter: 1 });
    expect(ledger.recordFailure('2001:db8:1:2::1').kind).toBe('slow');
    expect(ledger.recordFailure('2001:db8:1:2:ffff::1').kind).toBe('limited');
    expect(ledger.recordFailure('2001:db8:1:3::1').kind).toBe('slow');
  });
});

describe('a token', () => {
  it('is found in a header and in the parameters of a connection, and nowhere else', () => {
    expect(bearerToken('Bearer abc.d-e_f')).toBe('abc.d-e_f');
    expect(bearerToken('bearer  abc')).toBe('abc');
    for (const header of ['Basic abc', 'Bearer', 'Bearer a b', undefined, null]) {
      expect(bearerToken(header)).toBeNull();
    }
    expect(connectionToken({ token: 'abc' })).toBe('abc');
    expect(connectionToken({ Authorization: 'Bearer abc' })).toBe('abc');
    expect(connectionToken({ authorization: 'Bearer abc' })).toBe('abc');
    for (const params of [undefined, {}, { token: 5 }, { authorization: 'abc' }]) {
      expect(connectionToken(params)).toBeNull();
    }
  });
});
