import { isRefusal } from '@purser/core';
import { type Catalog, loadCatalog, saleOf } from '@purser/catalog';
import { compare, compareRatios, formatMoney, multiply } from '@purser/money';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { type PackQuote, quotePack } from './quote-pack.ts';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

function quote(quantity: number, code = 'credits-500'): PackQuote {
  const quoted = quotePack(catalog, code, quantity);
  if (isRefusal(quoted)) throw new Error(quoted.detail);
  return quoted;
}

test('C12: each tier’s price holds for the packs of the order that lie in it', () => {
  expect(formatMoney(quote(1).price)).toBe('29 USD');
  expect(formatMoney(quote(4).price)).toBe('116 USD');
  expect(formatMoney(quote(5).price)).toBe('142 USD');
  expect(formatMoney(quote(25).price)).toBe('644 USD');
  expect(quote(25)).toMatchObject({ credits: 12_500n, lines: [{ quantity: 4 }, { quantity: 15 }, { quantity: 6 }] });
});

test('C12: a larger order costs more in all, never more a credit, and always leaves its margin', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999 }), fc.constantFrom('credits-500', 'credits-2000'), (quantity, code) => {
      const [less, more] = [quote(quantity, code), quote(quantity + 1, code)];
      expect(compare(more.price, less.price)).toBe(1);
      expect(compareRatios(more.nanos_per_credit, less.nanos_per_credit)).toBeLessThanOrEqual(0);
      expect(compare(multiply(more.pack.cost, BigInt(more.quantity)), more.ceiling_raise)).toBeLessThanOrEqual(0);
      expect(more.ceiling_raise).toEqual(saleOf(more.price, more.pack).allowance);
    }),
  );
});

test('a pack nobody sells and a quantity that is none are refused', () => {
  expect(quotePack(catalog, 'none', 1)).toMatchObject({ code: 'not_found' });
  for (const quantity of [0, -1, 1.5, Number.NaN, 100_001])
    expect(quotePack(catalog, 'credits-500', quantity)).toMatchObject({ code: 'invalid_request' });
});
