/** The address of a client: the socket's, or behind trusted proxies the one they forward. */
import { BlockList, isIP } from 'node:net';

/** The client's address from the socket's and the `X-Forwarded-For` line. */
export type ClientAddress = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

function normalise(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/** Whether a text is an address, or a range such as `10.0.0.0/8`. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const maxBits = isIP(address) === 6 ? 128 : 32;
  return (
    isIP(address) !== 0 &&
    more.length === 0 &&
    (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= maxBits))
  );
}

/** @param trusted Addresses or ranges of proxies; anything else is ignored. */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const ranges = trusted.filter(isAddressRange);
  if (ranges.length === 0) return (socketAddress) => normalise(socketAddress ?? 'unknown');
  const proxies = new BlockList();
  for (const entry of ranges) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (socketAddress, forwardedFor) => {
    let address = normalise(socketAddress ?? 'unknown');
    // From right to left: each trusted hop vouches for the one before it.
    const hops = (forwardedFor ?? '').split(',').map((hop) => normalise(hop.trim()));
    while (isTrusted(address)) {
      const hop = hops.pop();
      if (hop === undefined || isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  };
}
