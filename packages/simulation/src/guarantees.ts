import type { MarginLine } from '@purser/ledger';
import { formatMoney, type Ratio } from '@purser/money';

import type { Engine } from './engine.ts';

/** A customer as far as a guarantee is about it. */
export interface Guaranteed {
  readonly workspace: string;
  readonly plan: string;
  /** A payment failed and has not been made good. */
  owes: boolean;
}

/**
 * F1: no paid plan, and no customer on one, may have kept less than the margin its plan promises; and the books and the trail
 * must hold. One sentence for each that is broken.
 */
export async function brokenGuarantees(
  engine: Engine,
  customers: readonly Guaranteed[],
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<string[]> {
  const margins = new Map(engine.catalogue.plans.filter(({ price }) => price.nanos > 0n).map((plan) => [plan.code, plan.margin]));
  const planOf = new Map(customers.map(({ workspace, plan }) => [workspace, plan]));
  const plans = await engine.margins(from, to, 'plan');
  const workspaces = await engine.margins(from, to, 'workspace');
  return [
    ...plans.flatMap((line) => tooThin(`plan ${line.key}`, line, margins.get(line.key))),
    ...workspaces.flatMap((line) => {
      const plan = planOf.get(line.key) ?? '';
      return tooThin(`${line.key} on ${plan}`, line, margins.get(plan));
    }),
    ...(await engine.verify()),
  ];
}

function tooThin(who: string, { revenue, margin }: MarginLine, wanted: Ratio | undefined): string[] {
  if (wanted === undefined) return [];
  // margin ÷ revenue ≥ wanted, in whole units.
  if (margin.nanos * wanted.denominator >= revenue.nanos * wanted.numerator) return [];
  return [`${who} kept ${formatMoney(margin)} of ${formatMoney(revenue)}: less than its plan promises`];
}
