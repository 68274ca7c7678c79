import { assert } from '@purser/base';
import { convertCost, divide, type Money } from '@purser/money';

import type { Catalogue, Operation } from './catalogue.ts';

/**
 * The credits a call of that cost is charged: its cost (exchange buffer included) divided by what one credit stands for, rounded up,
 * and at least the operation's minimum. The margin proof rests on it: a workspace with c credits cannot cause more than c × credit cost.
 */
export function creditsFor(catalogue: Catalogue, operation: Pick<Operation, 'credits_min'>, cost: Money): bigint {
  const { cost: each } = catalogue.credit;
  assert(each.nanos > 0n, 'a credit stands for a positive cost');
  const credits = divide(convertCost(cost, each.currency, catalogue.fx).nanos, each.nanos, 'up');
  return credits > operation.credits_min ? credits : operation.credits_min;
}
