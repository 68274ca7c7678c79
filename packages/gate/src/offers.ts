import type { Offer } from '@purser/base';
import type { Catalogue } from '@purser/catalog';
import { compare, toWire } from '@purser/money';
import type { Policy } from '@purser/policy';

/** Plans that include `feature` (or simply cost more), cheapest first. */
export function upgradeOffers(catalogue: Catalogue, policy: Policy, feature?: string): Offer[] {
  const current = policy.plan;
  return catalogue.plans
    .filter((plan) => plan.code !== current.code && (feature === undefined || plan.features.includes(feature)))
    .filter((plan) => plan.price.currency !== current.price.currency || compare(plan.price, current.price) > 0)
    .map((plan) => ({ kind: 'upgrade', id: plan.code, text: `Move to ${plan.name}`, price: toWire(plan.price) }));
}

/** Packs that the workspace may buy, and the plans above its own. */
export function buyOffers(catalogue: Catalogue, policy: Policy): Offer[] {
  const packs = catalogue.packs.map((pack): Offer => ({
    kind: 'pack',
    id: pack.code,
    text: `${pack.name}: ${pack.credits} credits`,
    price: toWire(pack.price),
  }));
  return [...packs, ...upgradeOffers(catalogue, policy)];
}
