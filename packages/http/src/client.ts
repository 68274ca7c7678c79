import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, SocketAddress } from 'node:net';

import type { TrustedProxies } from '@purser/settings';

/** Who called, as far as it can be believed. */
export interface Client {
  /** Never what a stranger wrote: that of the connection, or what proxies of our own say. */
  readonly address: string;
  readonly protocol: 'http' | 'https';
  /** Host and port that were called; empty when the request named none. */
  readonly host: string;
}

/** Reads who called out of a request. */
export type ReadClient = (request: IncomingMessage) => Client;

const HOST = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * Each proxy puts the address it was called from at the end of `X-Forwarded-For`, so entries are believed from the right, as many as
 * there are proxies of ours: what a stranger sent along stands before them. `X-Forwarded-Proto` and `-Host` are read from the same
 * place. An entry that is no address ends the reading: the proxy that wrote it is who called.
 */
export function clientReader(trusted: TrustedProxies | undefined): ReadClient {
  const isProxy = proxyTest(trusted);
  return ({ socket, headers }) => {
    const connected = addressIn(socket.remoteAddress ?? '') ?? '';
    const called = headers.host ?? '';
    const direct = 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http';
    if (!isProxy(connected, 0)) return { address: connected, protocol: direct, host: called };
    const told = entriesOf(headers['x-forwarded-for']);
    let address = connected;
    let hops = 0;
    while (isProxy(address, hops)) {
      hops += 1;
      const before = addressIn(told[told.length - hops] ?? '');
      if (before === undefined) break;
      address = before;
    }
    const protocol = fromRight(headers['x-forwarded-proto'], hops)?.toLowerCase();
    const host = fromRight(headers['x-forwarded-host'], hops);
    return {
      address,
      protocol: protocol === 'https' || protocol === 'http' ? protocol : direct,
      host: host !== undefined && HOST.test(host) ? host : called,
    };
  };
}

/** Whether a connection comes from a proxy of ours, which brings those of many. */
export function isOwnProxy(trusted: TrustedProxies | undefined): (address: string | undefined) => boolean {
  const isProxy = proxyTest(trusted);
  return (address) => isProxy(addressIn(address ?? '') ?? '', 0);
}

function proxyTest(trusted: TrustedProxies | undefined): (address: string, hop: number) => boolean {
  if (trusted === undefined) return () => false;
  const { hops = Number.POSITIVE_INFINITY, networks } = trusted;
  if (networks.length === 0) return (_address, hop) => hop < hops;
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return (address, hop) => hop < hops && address !== '' && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Several lines of a header are one list. */
function entriesOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  return String(header)
    .split(',')
    .map((entry) => entry.trim());
}

/** What the farthest believed proxy wrote; where proxies replace the header there is one entry, and it is that. */
function fromRight(header: string | string[] | undefined, hops: number): string | undefined {
  const entries = entriesOf(header);
  return entries[Math.max(0, entries.length - hops)];
}

/** An address as it counts: without a port, brackets, quotes or zone, and IPv4 as itself in whatever clothes it came. */
function addressIn(entry: string): string | undefined {
  if (isIP(entry) === 4) return entry;
  const bare = /^"?\[([^\]]+)\](?::\d{1,5})?"?$/.exec(entry)?.[1] ?? /^"?([\d.]+):\d{1,5}"?$/.exec(entry)?.[1] ?? entry;
  const address = bare.replace(/%.*$/, '');
  const version = isIP(address);
  if (version === 0) return undefined;
  if (version === 4) return address;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1] ?? canonical;
}
