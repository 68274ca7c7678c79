import { afterAll, beforeAll, expect, test } from 'vitest';

import { openShop, type Shop } from './testing.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(async () => {
  await shop.verify();
  await shop[Symbol.asyncDispose]();
});

test('C6 a pack that is paid for at Stripe is credited at once, booked with its tax and fees, and raises the ceiling (F5)', async () => {
  const workspace = await shop.workspace();
  const before = await shop.ceilingOf(workspace);
  const event = shop.paid(await shop.order(workspace), 580);
  expect(await shop.receive(event)).toBe('applied');
  expect(await shop.balance(workspace)).toBe(500n);
  expect(await shop.ceilingOf(workspace)).toBeGreaterThan(before);
});
