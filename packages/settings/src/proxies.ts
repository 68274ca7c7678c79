import { z } from 'zod';

import { wrong } from './kinds.ts';

/** Which proxies are believed when they say who called. */
export interface TrustedProxies {
  /** How many stand one behind the other at most, counted from this server; undefined: as many as `networks` names. */
  readonly hops: number | undefined;
  /** The networks they are in; empty: wherever they are. */
  readonly networks: readonly { readonly address: string; readonly prefix: number; readonly family: 'ipv4' | 'ipv6' }[];
}

const HOPS_MAX = 10;
const WANT = `how many of your proxies are in front of this server (1 to ${HOPS_MAX}), their addresses or networks (10.0.0.0/8), or 0`;

/** A number of proxies, their networks, or both, with commas between. Undefined: none is believed. */
export function proxies() {
  return z.string().transform((given, context): TrustedProxies | undefined => {
    const parts = (given === 'true' ? '1' : given === 'false' ? '0' : given).split(',').map((part) => part.trim());
    const numbers = parts.filter((part) => /^\d+$/.test(part)).map(Number);
    const networks = parts.filter((part) => !/^\d+$/.test(part)).map(networkIn);
    const known = networks.filter((network) => network !== undefined);
    const [hops] = numbers;
    if (numbers.length > 1 || known.length < networks.length || (hops ?? 1) > HOPS_MAX || (hops === 0 && known.length > 0)) {
      context.addIssue({ code: 'custom', message: wrong(given, WANT) });
      return z.NEVER;
    }
    return hops === 0 ? undefined : { hops, networks: known };
  });
}

function networkIn(text: string): TrustedProxies['networks'][number] | undefined {
  const [address = '', length, ...more] = text.split('/');
  const bits = z.ipv4().safeParse(address).success ? 32 : 128;
  if (more.length > 0 || (bits === 128 && !z.ipv6().safeParse(address).success)) return undefined;
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : bits + 1;
  // All addresses there are, are those of strangers too.
  if (prefix > bits || prefix === 0) return undefined;
  return { address, prefix, family: bits === 32 ? 'ipv4' : 'ipv6' };
}
