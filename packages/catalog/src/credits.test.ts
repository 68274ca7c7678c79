import { fileURLToPath } from 'node:url';

import { convertCost, currency, money, parseMoney } from '@purser/money';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { creditsFor, loadCatalog } from './index.ts';

const catalog = await loadCatalog(fileURLToPath(new URL('../../../catalogs/saas-credits.yaml', import.meta.url)));

test('a call is charged its cost in credits, rounded up, and at least the minimum of its operation', () => {
  const charged = (cost: string, least: bigint) =>
    creditsFor(catalog, { credits_min: least, task: 'text' }, parseMoney(cost, 'USD'));
  expect(charged('0.000315', 0n)).toBe(1n);
  expect(charged('0.01', 0n)).toBe(1n);
  expect(charged('0.010000001', 0n)).toBe(2n);
  expect(charged('0.01', 3n)).toBe(3n);
  expect(charged('0', 0n)).toBe(0n);
});

test('F3 e-mail is sold by its quotas: it is charged no credits, whatever it costs', () => {
  expect(creditsFor(catalog, { credits_min: 3n, task: 'email' }, parseMoney('0.9', 'USD'))).toBe(0n);
});

test('C1: credits never stand for less than the cost they allowed, in any currency', () => {
  const each = catalog.credit.cost;
  const costs = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { maxLength: 30 });
  fc.assert(
    fc.property(costs, fc.constantFrom('USD', 'EUR'), (amounts, code) => {
      let credits = 0n;
      let cost = 0n;
      for (const nanos of amounts) {
        const spent = money(nanos, currency(code));
        credits += creditsFor(catalog, { credits_min: 0n, task: 'text' }, spent);
        cost += convertCost(spent, each.currency, catalog.fx).nanos;
      }
      expect(cost <= credits * each.nanos).toBe(true);
    }),
  );
});
