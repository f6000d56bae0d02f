/** The address that a request came from: the socket's, or, behind proxies that are trusted, what they say of it. */
import { BlockList, isIP } from 'node:net';

/** Tells the client's address from the socket's and the `X-Forwarded-For` line. */
export type ClientAddress = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

function normalise(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/**
 * @param trusted Addresses or ranges (`10.0.0.0/8`) of proxies.
 * @throws where one of them is neither.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const prefix = Number(bits);
    if (
      isIP(address) === 0 ||
      (bits !== undefined && !(prefix >= 0 && prefix <= (family === 'ipv6' ? 128 : 32)))
    ) {
      throw new Error(`TRUSTED_PROXIES: ${entry} is neither an address nor a range such as 10.0.0.0/8.`);
    }
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, prefix, family);
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
