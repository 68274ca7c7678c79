import { formatMoney, money, parseMoney, parseRatio, ratio } from '@purser/money';
import { describe, expect, test } from 'vitest';

import type { Pack } from './catalog.ts';
import { orderMax, orderOf } from './order.ts';

const eur = (text: string) => parseMoney(text, 'EUR');
const pack = (price: string, more: Partial<Pack> = {}): Pack => ({
  code: 'more',
  name: 'More',
  price: eur(price),
  credits: 10n,
  margin: parseRatio('0.15'),
  payment_fees: { percent: ratio(0n, 1n), fixed: eur('0') },
  tax: { max: ratio(0n, 1n), behavior: 'exclusive' },
  cost: eur('0'),
  ceiling_raise: eur('0'),
  tiers: [],
  ...more,
});

describe('an order of packs (C6, C12)', () => {
  test('is of a hundred thousand at most, and of no more than a billion units pay', () => {
    expect([orderMax(pack('0')), orderMax(pack('0.000000001')), orderMax(pack('10000'))]).toEqual([100_000, 100_000, 100_000]);
    expect([orderMax(pack('1000000')), orderMax(pack('10000.000000001')), orderMax(pack('999999.999999999'))]).toEqual([
      1_000, 99_999, 1_000,
    ]);
    expect(orderMax({ price: { ...eur('0'), nanos: 1n } })).toBe(100_000);
  });

  test('pays for each pack the price of the tier that it lies in, and the first of a tier is the first at its price', () => {
    const tiered = pack('10', {
      tiers: [
        { from: 3, price: eur('8') },
        { from: 5, price: eur('5') },
      ],
    });
    const prices = [1, 2, 3, 4, 5, 6].map((quantity) => formatMoney(orderOf(tiered, quantity).price));
    expect(prices).toEqual(['10 EUR', '20 EUR', '28 EUR', '36 EUR', '41 EUR', '46 EUR']);
    const { lines, credits, ceiling_raise } = orderOf(tiered, 6);
    expect(lines.map(({ quantity, price_each, price }) => [quantity, formatMoney(price_each), formatMoney(price)])).toEqual([
      [2, '10 EUR', '20 EUR'],
      [2, '8 EUR', '16 EUR'],
      [2, '5 EUR', '10 EUR'],
    ]);
    expect([credits, formatMoney(ceiling_raise)]).toEqual([60n, '39.1 EUR']);
    expect(orderOf(tiered, 2).lines).toHaveLength(1);
    expect(orderOf(pack('1'), 100_000).lines).toMatchObject([{ quantity: 100_000 }]);
  });

  test('raises a ceiling by what its sale allows, and by nothing where fees eat the price', () => {
    const eaten = pack('1', { payment_fees: { percent: ratio(0n, 1n), fixed: eur('2') } });
    expect([orderOf(eaten, 1).allowance, orderOf(eaten, 1).ceiling_raise]).toEqual([
      money(-1_150_000_000n, eaten.price.currency),
      eur('0'),
    ]);
    const barely = pack('2', { payment_fees: { percent: ratio(0n, 1n), fixed: money(1_699_999_999n, eur('1').currency) } });
    expect(orderOf(barely, 1).ceiling_raise.nanos).toBe(1n);
  });
});
