import { describe, expect, test } from 'vitest';

import { addressProblem, isPublicAddress, lookupPublic } from './safe-address.ts';

describe('T9: a webhook reaches nothing but the public Internet', () => {
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '2001:db8::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    'example.com',
    '',
  ])('%s is not a public address', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2001:4860:4860::8888'])(
    '%s is one',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each([
    'https://127.0.0.1/hook',
    'https://0x7f.1/hook',
    'https://2130706433/hook',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://api.localhost/',
    'http://hooks.example.com/',
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'https://user:secret@hooks.example.com/',
    'hooks.example.com',
  ])('%s is refused before anything is sent', (address) => {
    expect(addressProblem(address, false)).toBeDefined();
  });

  test('a name that leads inside is refused when it is resolved, for the very connection that is made', async () => {
    const lookup = (all: boolean) =>
      new Promise((resolve) => lookupPublic('localhost', { all }, (error, address) => resolve(error?.message ?? address)));
    expect(await lookup(false)).toBe('localhost does not resolve to a public address');
    expect(await lookup(true)).toBe('localhost does not resolve to a public address');
  });

  test('a public name passes, and inside ones too where the operator allows them', () => {
    expect(addressProblem('https://hooks.example.com/x?y=1', false)).toBeUndefined();
    expect(addressProblem('http://127.0.0.1:8080/hook', true)).toBeUndefined();
    expect(addressProblem('ftp://127.0.0.1/', true)).toBeDefined();
  });
});
