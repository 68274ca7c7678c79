import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ownPath } from './own-path.ts';

const SITE = 'https://purser.example';

test.each([
  '/.//evil.example',
  '/x/..//evil.example',
  '/%2e//evil.example',
  '/%2E/%2e//evil.example',
  '/%252e//evil.example',
  '/x/%2e%2e//evil.example',
  '/x//evil.example',
  '//evil.example',
  '///evil.example',
  '//evil.example@purser.example',
  '//purser.example@evil.example',
  '//user:word@purser.example/',
  '//purser.example',
  String.raw`/\evil.example`,
  String.raw`\\evil.example`,
  String.raw`/x\..\\evil.example`,
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/.\t//evil.example',
  '/\u0000/evil.example',
  '/\u00A0/evil.example',
  '/\u3000/evil.example',
  '//evil\u3002example',
  'https://evil.example/',
  'https:evil.example',
  'https:/evil.example',
  'https://purser.example.evil.example/',
  'https://purser.example@evil.example/',
  'http://purser.example/',
  'javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'blob:https://purser.example/1',
  'studio',
  './/evil.example',
  '?x',
  '#x',
  '',
])('%j leads nowhere on this site', (given) => {
  expect(ownPath(given, SITE)).toBeUndefined();
});

test.each([
  ['/', '/'],
  ['/studio', '/studio'],
  ['/studio?tab=2#top', '/studio?tab=2#top'],
  ['/x/../studio', '/studio'],
  ['/studio?next=//evil.example', '/studio?next=//evil.example'],
  ['/café', '/caf%C3%A9'],
  ['/\u2024\u2025', '/%E2%80%A4%E2%80%A5'],
  ['/@evil.example', '/@evil.example'],
])('%j leads to %s on this site, written as a browser writes it', (given, path) => {
  expect(ownPath(given, SITE)).toBe(path);
});

/** What addresses that lead astray are made of. */
const shred = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '\\',
    '%2e',
    '%2E',
    '%252e',
    '%2f',
    '%5c',
    '%00',
    '@',
    ':',
    '?',
    '#',
    '\t',
    '\n',
    '\r',
    ' ',
    'evil.example',
    'purser.example',
    'https:',
    'javascript:',
    'data:',
    '\u3002',
    '\uFF0E',
    '\uFF0F',
    '\u200B',
    'x',
    ';',
    '[::1]',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const hostile = fc
  .tuple(fc.constantFrom('', '/', '/', '/'), fc.array(shred, { maxLength: 12 }))
  .map(([start, shreds]) => start + shreds.join(''));
const site = fc.constantFrom(SITE, 'http://127.0.0.1:4780', 'http://[::1]:4780', 'https://xn--mnchen-3ya.example:8443/');
const page = fc.constantFrom('/', '/a/b/c?d=e', '//', '/.//x', '/api/auth/magic-link/verify?token=x');

test('whatever is let through, a browser on any page of this site goes on to this site, and the header can carry it', () => {
  fc.assert(
    fc.property(hostile, site, page, (given, home, here) => {
      const path = ownPath(given, home);
      if (path === undefined) return;
      const { origin } = new URL(home);
      expect(new URL(path, origin + here).origin).toBe(origin);
      expect(path).toMatch(/^\/(?!\/)[\x21-\x7e]*$/);
      expect(path).not.toMatch(/^[^?#]*\/\//);
      expect(ownPath(path, home)).toBe(path);
    }),
    { numRuns: 20_000 },
  );
});
