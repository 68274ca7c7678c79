import { assert } from '@purser/core';
import { type Currency, divide, type Money, convertCost } from '@purser/money';

import type { Catalog, Operation } from './catalog.ts';
import { reckon, reckonIn } from './reckon.ts';

/** E-mail is sold by the plan's quotas of it, to plans without credits too; all else is sold by credits. */
export function chargesCredits({ task }: Pick<Operation, 'task'>): boolean {
  return task !== 'email';
}

/**
 * The credits a call of that cost is charged: its cost (exchange buffer included) divided by what one credit stands for, rounded up,
 * and at least the operation's minimum. So a workspace with c credits cannot be served more than c × credit cost (`costOfCredits`).
 */
export function creditsFor(catalog: Catalog, operation: Pick<Operation, 'credits_min' | 'task'>, cost: Money): bigint {
  if (!chargesCredits(operation)) return 0n;
  const { cost: each } = catalog.credit;
  assert(each.nanos > 0n, 'a credit stands for a positive cost');
  const credits = divide(convertCost(cost, each.currency, catalog.fx).nanos, each.nanos, 'up');
  return credits > operation.credits_min ? credits : operation.credits_min;
}

/** The most that calls charged so many credits can have cost, counted in that currency: each call's cost is rounded up as it is converted. */
export function costOfCredits({ credit, fx }: Pick<Catalog, 'credit' | 'fx'>, credits: bigint, to: Currency): Money {
  return reckon(reckonIn(credit.cost, to, fx).nanos * credits, to);
}
