import type { IncomingMessage } from 'node:http';

import { parseSettings } from '@purser/settings';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Client, clientReader, isOwnProxy } from './client.ts';

const trusting = (setting: string) => parseSettings({ PURSER_TRUST_PROXY: setting }).trust_proxy;

function clientOf(setting: string, remoteAddress: string, headers: Readonly<Record<string, string | undefined>>): Client {
  return clientReader(trusting(setting))({ socket: { remoteAddress }, headers } as unknown as IncomingMessage);
}
const addressOf = (setting: string, from: string, forwarded?: string) =>
  clientOf(setting, from, { 'x-forwarded-for': forwarded }).address;

test.each([
  ['0', '10.0.0.1', '198.51.100.1', '10.0.0.1'],
  ['1', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['1', '10.0.0.1', '192.0.2.66, 198.51.100.1', '198.51.100.1'],
  ['true', '10.0.0.1', '192.0.2.66, 198.51.100.1', '198.51.100.1'],
  ['2', '10.0.0.1', '192.0.2.66, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
  ['2', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['1', '10.0.0.1', undefined, '10.0.0.1'],
  ['1', '10.0.0.1', '', '10.0.0.1'],
  ['10.0.0.0/8', '10.0.0.1', '192.0.2.66, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
  ['10.0.0.0/8', '198.51.100.1', '192.0.2.66', '198.51.100.1'],
  ['10.0.0.0/8', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['10.0.0.0/8', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['1, 10.0.0.0/8', '10.0.0.1', '192.0.2.66, 10.0.0.2', '10.0.0.2'],
  ['fd00::/8', 'fd00::1', '2001:db8::7', '2001:db8::7'],
  ['10.0.0.1', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['10.0.0.1', '10.0.0.2', '198.51.100.1', '10.0.0.2'],
])('with PURSER_TRUST_PROXY=%s, %s telling %j, the caller is %s', (setting, from, told, address) => {
  expect(addressOf(setting, from, told)).toBe(address);
});

test.each([
  ['198.51.100.1:443', '198.51.100.1'],
  ['"198.51.100.1:443"', '198.51.100.1'],
  ['[2001:DB8::7]:443', '2001:db8::7'],
  ['"[2001:db8::7]"', '2001:db8::7'],
  ['2001:0db8:0::0007', '2001:db8::7'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:198.51.100.1', '198.51.100.1'],
  ['::ffff:c633:6401', '198.51.100.1'],
  ['[::ffff:198.51.100.1]:80', '198.51.100.1'],
])('an entry %s counts as %s: ports and spellings make nobody another', (entry, address) => {
  expect(addressOf('1', '10.0.0.1', `192.0.2.66, ${entry}`)).toBe(address);
});

test.each([
  'unknown',
  '_hidden',
  '198.51.100.256',
  '198.51.100.1.2',
  '1',
  '::1::',
  '<script>',
  '198.51.100.1 192.0.2.1',
  '[x]:1',
])('an entry %s, which is no address, leaves the proxy that wrote it as who called, not what stands before it', (entry) => {
  expect(addressOf('1', '10.0.0.1', `192.0.2.66, ${entry}`)).toBe('10.0.0.1');
  expect(addressOf('10.0.0.0/8', '10.0.0.1', `192.0.2.66, ${entry}, 10.0.0.2`)).toBe('10.0.0.2');
});

test('whatever a stranger sends along before the proxies add theirs, in any number of lines, the address stays the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ maxLength: 40 }), fc.ipV4(), fc.ipV6(), fc.constantFrom('', ',', ' , ', 'unknown')), {
        maxLength: 5,
      }),
      (forged) => {
        const before = forged.length === 0 ? '' : `${forged.join(', ')}, `;
        expect(addressOf('1', '10.0.0.1', `${before}198.51.100.1`)).toBe('198.51.100.1');
        expect(addressOf('2', '10.0.0.1', `${before}198.51.100.1, 10.0.0.2`)).toBe('198.51.100.1');
        expect(addressOf('10.0.0.0/8', '10.0.0.1', `${before}198.51.100.1, 10.0.0.2`)).toBe('198.51.100.1');
        expect(addressOf('0', '198.51.100.1', before)).toBe('198.51.100.1');
      },
    ),
  );
});

test('protocol and host are what the farthest proxy of ours says, and what is not one of the two, or no host, is not believed', () => {
  const told = (setting: string, from: string, protocol: string, host: string) => {
    const headers = {
      host: 'inside:4780',
      'x-forwarded-for': '198.51.100.1',
      'x-forwarded-proto': protocol,
      'x-forwarded-host': host,
    };
    const client = clientOf(setting, from, headers);
    return [client.protocol, client.host];
  };
  expect(told('1', '10.0.0.1', 'https', 'purser.example')).toEqual(['https', 'purser.example']);
  expect(told('1', '10.0.0.1', 'http, HTTPS', 'evil.example, purser.example')).toEqual(['https', 'purser.example']);
  expect(told('1', '10.0.0.1', 'javascript', 'evil.example/x')).toEqual(['http', 'inside:4780']);
  expect(told('1', '10.0.0.1', 'wss', 'user@evil.example')).toEqual(['http', 'inside:4780']);
  expect(told('0', '10.0.0.1', 'https', 'evil.example')).toEqual(['http', 'inside:4780']);
  expect(told('10.9.0.0/16', '10.0.0.1', 'https', 'evil.example')).toEqual(['http', 'inside:4780']);
});

test('connections are bounded by address but for those of proxies of our own', () => {
  const own = isOwnProxy(trusting('10.0.0.0/8'));
  expect([own('10.1.2.3'), own('::ffff:10.1.2.3'), own('198.51.100.1'), own(undefined)]).toEqual([true, true, false, false]);
  expect([isOwnProxy(trusting('1'))('198.51.100.1'), isOwnProxy(trusting('0'))('10.1.2.3')]).toEqual([true, false]);
});

test.each([
  'yes',
  '-1',
  '11',
  '1,2',
  '10.0.0.0/33',
  '10.0.0.0/8/8',
  '10.0.0',
  '10.0.0.0/0',
  '::/0',
  '0,10.0.0.0/8',
  'loopback',
  '1.5',
])('PURSER_TRUST_PROXY=%s is refused in one line that names what it wants', (setting) => {
  expect(() => trusting(setting)).toThrow(
    `wrong setting: PURSER_TRUST_PROXY: got ${JSON.stringify(setting)}, want how many of your proxies are in front of this server`,
  );
});
