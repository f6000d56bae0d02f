/** The address of a client: the socket's, or behind trusted proxies the one they forward. */
import { BlockList, isIP } from 'node:net';

/** The client's address from the socket's and the `X-Forwarded-For` line. */
export type ClientAddress = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

/** An address without its zone (`%eth0`), and IPv4 as IPv4. */
function normalise(address: string): string {
  const [plain = ''] = address.split('%');
  return plain.startsWith('::ffff:') && isIP(plain.slice(7)) === 4 ? plain.slice(7) : plain;
}

/** A hop of `X-Forwarded-For`, of which some proxies give the port: `192.0.2.1:5678`, `[2001:db8::1]:5678`. */
function addressOfHop(hop: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop.trim()) ?? [];
  return normalise(bracketed ?? dotted ?? hop.trim());
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

/** Whether an address is one of these, or within one of these ranges; what is neither is ignored. */
export function createAddressList(entries: readonly string[]): (address: string | undefined) => boolean {
  const ranges = entries.filter(isAddressRange);
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of ranges) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (given) => {
    const address = normalise(given ?? '');
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

/** @param trusted Addresses or ranges of proxies; anything else is ignored. */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const isTrusted = createAddressList(trusted);
  return (socketAddress, forwardedFor) => {
    let address = normalise(socketAddress ?? 'unknown');
    if (!isTrusted(address)) return address;
    // From right to left: each trusted hop vouches for the one before it.
    const hops = (forwardedFor ?? '').split(',').map(addressOfHop);
    while (isTrusted(address)) {
      const hop = hops.pop();
      if (hop === undefined || isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  };
}

/**
 * What limits count an address as: itself, or the /64 of an IPv6 address, since a single subscriber is given that many.
 */
export function addressBlock(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const first = groups(head);
  // An IPv4 address at its end takes the place of two groups.
  const last = groups(tail ?? '').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
  const missing = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const all = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
