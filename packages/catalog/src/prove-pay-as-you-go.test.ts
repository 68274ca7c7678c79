import { parseMoney, parseRatio } from '@purser/money';
import { expect, test } from 'vitest';

import { paymentFees } from './ceiling.ts';
import { payAsYouGoLoss, soldOneByOneFees } from './prove-pay-as-you-go.ts';

const credit = {
  credit: { cost: parseMoney('0.01', 'USD') },
  fx: { as_of: Temporal.Instant.from('2026-11-01T00:00:00Z'), buffer: parseRatio('0.02'), rates: new Map() },
} as Parameters<typeof payAsYouGoLoss>[0];

function planAt(price: string) {
  return {
    price: parseMoney(price, 'USD'),
    margin: parseRatio('0.15'),
    tax: { max: parseRatio('0'), behavior: 'exclusive' as const },
    payment_fees: { percent: parseRatio('0.03'), fixed: parseMoney('0.30', 'USD') },
  };
}

test('F1, C12: credits sold one by one on a paid plan go onto its invoice, which has borne the fixed fee', () => {
  const plan = planAt('149');
  expect(paymentFees(parseMoney('1', 'USD'), soldOneByOneFees(plan)).nanos).toBe(parseMoney('0.03', 'USD').nanos);
  expect(payAsYouGoLoss(credit, plan, parseMoney('0.02', 'USD'))).toBeUndefined();
  expect(payAsYouGoLoss(credit, plan, parseMoney('0.012', 'USD'))).toBeDefined();
});

test('F1, C12: on a plan that costs nothing a single credit must bear the whole fee of its own payment', () => {
  const plan = planAt('0');
  expect(paymentFees(parseMoney('1', 'USD'), soldOneByOneFees(plan)).nanos).toBe(parseMoney('0.33', 'USD').nanos);
  expect(payAsYouGoLoss(credit, plan, parseMoney('0.02', 'USD'))).toBeDefined();
  expect(payAsYouGoLoss(credit, plan, parseMoney('0.40', 'USD'))).toBeUndefined();
});
