import { allowanceOf, type Catalog, findPlan, payAsYouGoLoss, type Plan } from '@purser/catalog';
import type { Overrides, Workspace } from '@purser/identity';
import { compare, convertPlain, currency, findRate, formatAmount, parseMoney, zero } from '@purser/money';

/**
 * What was agreed on one plan, as another one may keep it: a ceiling above what that plan allows is lowered, an agreement to a loss ends with the
 * plan it was about, and credits that would be sold below what they cost are sold no more. `lowered` says what, in words; empty: nothing.
 */
export function lowerOverrides(
  { plan: code, overrides }: Pick<Workspace, 'plan' | 'overrides'>,
  catalog: Catalog,
): { readonly overrides: Overrides; readonly lowered: readonly string[] } {
  const plan = findPlan(catalog, code);
  if (!plan || Object.keys(overrides).length === 0) return { overrides, lowered: [] };
  const { ceiling, pay_as_you_go, accepted_loss, ...rest } = overrides;
  const lowered: string[] = [];
  if (accepted_loss) lowered.push('the accepted loss ended with its plan');
  const kept_ceiling = ceiling && keptCeiling(plan, ceiling, catalog);
  if (
    ceiling &&
    kept_ceiling !== undefined &&
    (kept_ceiling.amount !== ceiling.amount || kept_ceiling.currency !== ceiling.currency)
  ) {
    lowered.push(`the ceiling of ${ceiling.amount} ${ceiling.currency} became ${kept_ceiling.amount} ${kept_ceiling.currency}`);
  }
  if (ceiling && kept_ceiling === undefined) lowered.push(`the ceiling of ${ceiling.amount} ${ceiling.currency} is the plan's`);
  const sells = pay_as_you_go && keepsCredits(plan, pay_as_you_go.price, catalog);
  if (pay_as_you_go && !sells) lowered.push('pay-as-you-go credits are sold at the price of the plan');
  return {
    overrides: { ...rest, ...(kept_ceiling && { ceiling: kept_ceiling }), ...(sells && { pay_as_you_go }) },
    lowered,
  };
}

/** In the plan's currency; undefined: nobody states a rate. */
function keptCeiling(
  plan: Plan,
  { amount, currency: unit }: { readonly amount: string; readonly currency: string },
  { fx }: Pick<Catalog, 'fx'>,
): { amount: string; currency: string } | undefined {
  const own = plan.price.currency;
  if (findRate(fx, currency(unit), own) === undefined) return undefined;
  const agreed = convertPlain(parseMoney(amount, unit), own, fx, 'down');
  // Where fees alone eat the price, less than nothing is left: then nothing may be spent.
  const allowed = allowanceOf(plan);
  const most = allowed.nanos < 0n ? zero(own) : allowed;
  const kept = compare(agreed, most) > 0 ? most : agreed;
  return unit === own && kept === agreed ? { amount, currency: unit } : { amount: formatAmount(kept), currency: own };
}

function keepsCredits(
  plan: Plan,
  { amount, currency: unit }: { readonly amount: string; readonly currency: string },
  catalog: Catalog,
): boolean {
  if (unit !== plan.price.currency) return false;
  return payAsYouGoLoss(catalog, plan, parseMoney(amount, unit)) === undefined;
}
