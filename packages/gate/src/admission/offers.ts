import type { Offer } from '@purser/core';
import type { Catalog, Pack, Plan } from '@purser/catalog';
import { compare, convertPlain, findRate, toWire } from '@purser/money';
import type { Policy } from '@purser/policy';

/** Plans that cost more and include `feature`, if one is named, cheapest first. */
export function upgradeOffers({ plans, fx }: Catalog, { plan: current }: Pick<Policy, 'plan'>, feature?: string): Offer[] {
  const { currency } = current.price;
  const priced = ({ price }: Plan) => convertPlain(price, currency, fx);
  return plans
    .filter((plan) => feature === undefined || plan.features.includes(feature))
    .filter(({ price }) => findRate(fx, price.currency, currency) !== undefined)
    .filter((plan) => plan.code !== current.code && compare(priced(plan), current.price) > 0)
    .toSorted((one, other) => compare(priced(one), priced(other)))
    .map((plan) => ({ kind: 'upgrade', id: plan.code, text: `Move to ${plan.name}`, price: toWire(plan.price) }));
}

/** Packs, and the plans above the workspace's own that include `feature`, if one is named. */
export function buyOffers(catalog: Catalog, policy: Pick<Policy, 'plan'>, feature?: string): Offer[] {
  const packs = catalog.packs.map((pack): Offer => ({
    kind: 'pack',
    id: pack.code,
    text: packText(pack),
    price: toWire(pack.price),
  }));
  return [...packs, ...upgradeOffers(catalog, policy, feature)];
}

/** The name, and how many credits unless it says so itself. */
function packText({ name, credits }: Pack): string {
  const amount = `${credits} credits`;
  return name === amount ? name : `${name}: ${amount}`;
}
