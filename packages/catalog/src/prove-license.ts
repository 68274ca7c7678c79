import { zero } from '@purser/money';

import type { Catalog, Operation, Plan } from './catalog.ts';
import { spentAtMost } from './ceiling.ts';
import { boundOf } from './constraints.ts';
import type { Loss } from './loss.ts';
import { isFree, reachable } from './reachable.ts';

/**
 * A failed payment takes away the features of the first step at once. An operation that costs and whose feature is not among them goes on
 * without any payment, with a fresh ceiling each billing period; so the first step names the feature of every one that a plan with
 * anything to pay can ask for.
 */
export function proveLicense(catalog: Catalog, at: Temporal.Instant): Loss[] {
  const taken = new Set(catalog.license.degrade[0]?.features);
  return catalog.plans.flatMap((plan) => {
    if (plan.price.nanos === 0n && plan.pay_as_you_go === undefined) return [];
    const left = catalog.operations.filter(
      (operation) => !taken.has(operation.feature) && mayAsk(plan, operation) && costs(catalog, plan, operation, at),
    );
    const [first] = left;
    if (first === undefined) return [];
    const nothing = zero(plan.price.currency);
    const { limit } = boundOf(catalog, plan, at);
    if (limit.nanos === 0n) return [];
    const names = left.map(({ name }) => name).join(', ');
    const features = [...new Set(left.map(({ feature }) => feature))].join(', ');
    return [
      {
        code: plan.code,
        why: `a customer that does not pay keeps ${names}: the first step of license.degrade leaves ${features}`,
        change: `name ${features} in the first step of license.degrade`,
        witness: { kind: 'unpaid' as const, plan: plan.code, operation: first.name },
        bought: nothing,
        allowed: nothing,
        spent: spentAtMost(limit, plan),
      },
    ];
  });
}

function mayAsk({ features, operations }: Plan, { feature, name }: Operation): boolean {
  return features.includes(feature) && (operations === undefined || operations.includes(name));
}

function costs(catalog: Catalog, plan: Plan, { task }: Operation, at: Temporal.Instant): boolean {
  return reachable(catalog, plan, task, at).some(({ price }) => !isFree(price));
}
