import { type Refusal, refuse } from '@purser/core';
import { type Catalog, firstExample, type Plan } from '@purser/catalog';

import { type Overrides, refuseOverrides } from './overrides.ts';

/** What is for sale now: a workspace that is made or moved goes onto this version. */
export type Offering = Pick<Catalog, 'version' | 'plans' | 'operations'>;

/** Undefined: no longer sold, though who bought it may still be on it. */
export function planForSale(offering: Offering, code: string): Plan | undefined {
  return offering.plans.find((plan) => plan.code === code);
}

/** A plan that is not for sale, or overrides that do not go with it. */
export function refuseTerms(offering: Offering, code: string, overrides: Overrides): Refusal | undefined {
  const plan = planForSale(offering, code);
  if (plan) return refuseOverrides(overrides, plan);
  const codes = offering.plans.map((sold) => sold.code).join(', ');
  return refuse('invalid_request', `there is no plan '${code.slice(0, 100)}'; want one of ${codes}`);
}

/** What somebody is on who has bought nothing; undefined: nothing is free here. */
export function freePlan(offering: Offering): Plan | undefined {
  return offering.plans.find((plan) => plan.price.nanos === 0n && firstExample(offering, plan) !== undefined);
}
