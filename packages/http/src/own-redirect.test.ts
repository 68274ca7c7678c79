import Fastify from 'fastify';
import { expect, test } from 'vitest';

import { guardRedirects } from './own-redirect.ts';

async function sentOn(location: string): Promise<unknown> {
  const app = Fastify();
  guardRedirects(app.withTypeProvider(), 'https://purser.example');
  app.get('/', (_request, reply) => reply.redirect(location, 303));
  const { headers } = await app.inject('/');
  await app.close();
  return headers.location;
}

test.each([
  '//evil.example',
  '/.//evil.example',
  '/x/..//evil.example',
  '/%2e//evil.example',
  'https://evil.example/',
  'https://purser.example/',
  'javascript:alert(1)',
  'studio',
])('a route that sends a browser to %s sends it to our first page', async (location) => {
  expect(await sentOn(location)).toBe('/');
});

test('a page of ours is gone on to, written as a browser writes it', async () => {
  expect(await sentOn('/x/../studio?tab=2#top')).toBe('/studio?tab=2#top');
});
