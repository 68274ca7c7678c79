import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * What is not out on the Internet (IANA's special-purpose registries): ourselves, private networks, link-local addresses with the
 * clouds' metadata services, addresses that wrap an IPv4 one (mapped, NAT64, 6to4, Teredo), multicast, reserved.
 */
const IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** The global unicast space; what is special inside it is taken out again. */
const IPV6_GLOBAL: readonly [string, number] = ['2000::', 3];
const IPV6_SPECIAL: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, prefix] of IPV4) special.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of IPV6_SPECIAL) special.addSubnet(net, prefix, 'ipv6');
const global = new BlockList();
global.addSubnet(...IPV6_GLOBAL, 'ipv6');

/** Whether an IP address is one of the public Internet. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4');
    case 6:
      return global.check(address, 'ipv6') && !special.check(address, 'ipv6');
    default:
      return false;
  }
}

/** Why a webhook may not be sent there by its mere address, or nothing. Names are looked at when they are resolved. */
export function addressProblem(address: string, private_allowed: boolean): string | undefined {
  const url = URL.parse(address);
  if (url === null) return 'is not a URL';
  if (url.username !== '' || url.password !== '') return 'must not carry a user or a password';
  if (url.protocol !== 'https:' && !(private_allowed && url.protocol === 'http:')) return 'must begin with https://';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (private_allowed) return undefined;
  if (isIP(host) !== 0 && !isPublicAddress(host)) return 'is not a public address';
  return /(?:^|\.)localhost\.?$/i.test(host) ? 'is not a public address' : undefined;
}

/**
 * Resolves a name for the very connection that is made, and fails when any of its addresses is not public: what was checked is
 * what is connected to, whatever the name says a moment later.
 */
export const lookupPublic: LookupFunction = (hostname, options, answer) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return answer(error, '');
    const inside = addresses.find(({ address }) => !isPublicAddress(address));
    const first = addresses[0];
    if (inside !== undefined || first === undefined) {
      return answer(new Error(`${hostname} does not resolve to a public address`), '');
    }
    return options.all === true ? answer(null, addresses) : answer(null, first.address, first.family);
  });
};
