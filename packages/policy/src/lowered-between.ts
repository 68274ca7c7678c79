import { type Catalog, findPlan } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { compare, formatMoney, type Money } from '@purser/money';

import { mergeOverrides, type Terms } from './merge-overrides.ts';

/** A term that is less under another catalog; `null`: not limited, or not there. */
export interface LoweredTerm {
  /** As the explanation of a policy names it: `ceiling`, `quotas.tokens_day`, `features`. */
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * What a workspace is granted less of where it is served by another version of the catalog than before, its overrides included: an agreement
 * that the new plan does not pay for counts as far as it is lowered. Nothing where a plan of that name is only in one of them: then it stays.
 */
export function loweredBetween(
  { plan, overrides }: Pick<Workspace, 'plan' | 'overrides'>,
  from: Catalog,
  to: Catalog,
  now: Temporal.Instant,
): LoweredTerm[] {
  const [before, after] = [from, to].map((catalog): Terms | undefined => {
    const sold = findPlan(catalog, plan);
    return sold && mergeOverrides({ plan: sold, catalog, overrides, now });
  });
  if (before === undefined || after === undefined) return [];
  return [
    ...lessMoney('ceiling', before.ceiling, after.ceiling),
    ...lessCount('credits_monthly', before.credits_monthly, after.credits_monthly),
    ...lessCount('concurrency', BigInt(before.concurrency), BigInt(after.concurrency)),
    ...lessCount('pay_as_you_go', before.pay_as_you_go?.credits_max ?? 0n, after.pay_as_you_go?.credits_max ?? 0n),
    ...lessQuotas(before, after),
    ...lessFeatures(before, after),
  ];
}

function lessMoney(name: string, from: Money, to: Money): LoweredTerm[] {
  if (from.currency === to.currency && compare(to, from) >= 0) return [];
  return [{ name, from: formatMoney(from), to: formatMoney(to) }];
}

function lessCount(name: string, from: bigint, to: bigint): LoweredTerm[] {
  return to < from ? [{ name, from: `${from}`, to: `${to}` }] : [];
}

function lessQuotas({ quotas: from }: Terms, { quotas: to }: Terms): LoweredTerm[] {
  return Object.entries(to).flatMap(([key, cap]) => {
    const before = from[key];
    if (cap === undefined || (before !== undefined && cap >= before)) return [];
    return [{ name: `quotas.${key}`, from: before === undefined ? null : `${before}`, to: `${cap}` }];
  });
}

function lessFeatures({ features: from }: Terms, { features: to }: Terms): LoweredTerm[] {
  const lost = from.filter((feature) => !to.includes(feature));
  return lost.map((feature) => ({ name: `features.${feature}`, from: feature, to: null }));
}
