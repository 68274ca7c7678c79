import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';

import { siteFor } from './site.ts';

const called = (host: string | undefined) => ({ headers: { host } }) as FastifyRequest;

test.each([
  ['localhost:4780', 'http://localhost:4780'],
  ['127.0.0.1:5', 'http://127.0.0.1:5'],
  ['[::1]:4780', 'http://[::1]:4780'],
  ['evil.example', 'http://127.0.0.1:4780'],
  ['127.0.0.1.evil.example', 'http://127.0.0.1:4780'],
  ['127.0.0.1@evil.example', 'http://127.0.0.1:4780'],
  ['localhost.evil.example', 'http://127.0.0.1:4780'],
  ['localhost/..//evil.example', 'http://localhost'],
  ['', 'http://127.0.0.1:4780'],
  [undefined, 'http://127.0.0.1:4780'],
])('called as %j without an address that the operator set, a browser comes back to %s', (host, origin) => {
  expect(siteFor(called(host), { origin: 'http://127.0.0.1:4780', configured: false })).toBe(origin);
});

test('with an address that the operator set, it comes back there, whatever it called', () => {
  for (const host of ['localhost:4780', 'evil.example', undefined]) {
    expect(siteFor(called(host), { origin: 'https://purser.example', configured: true })).toBe('https://purser.example');
  }
});
