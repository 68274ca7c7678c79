import { allowanceOf, type Catalog, payAsYouGoLoss, type PayAsYouGo, type Plan } from '@purser/catalog';
import type { Overrides } from '@purser/identity';
import { compare, convertPlain, formatMoney, type Money, parseMoney, toWire, zero } from '@purser/money';

/** Something that was agreed and does not hold, because the plan it stands beside does not pay for it. */
export interface Lowered {
  /** As in the overrides: `ceiling`, `pay_as_you_go`. */
  readonly name: 'ceiling' | 'pay_as_you_go';
  readonly agreed: string;
  readonly holds: string;
}

/** What of overrides holds beside a plan, in the plan's currency; absent where they name none. */
export interface ProvenOverrides {
  readonly ceiling?: Money;
  /** Zero credits end it. */
  readonly pay_as_you_go?: PayAsYouGo;
  readonly lowered: readonly Lowered[];
}

/**
 * Overrides were agreed beside one plan at one price and may come to stand beside another: by whoever changes the plan, by a rollout, by a
 * new catalog. So what the plan's price does not pay for is lowered to what it does, wherever policy is made of them, unless
 * the loss was agreed to for this very plan at no higher a price.
 */
export function provenOverrides(
  plan: Plan,
  catalog: Pick<Catalog, 'credit' | 'fx'>,
  overrides: Overrides,
  /** What the money of the term leaves after margin and fees; absent: the plan is served as agreed. */
  collected?: Money,
): ProvenOverrides {
  const { fx } = catalog;
  const lowered: Lowered[] = [];
  const accepted = isLossAccepted(overrides, plan);

  // One that was agreed in another currency counts at the plain rate, rounded down.
  const { ceiling: agreed } = overrides;
  let ceiling = agreed && convertPlain(parseMoney(agreed.amount, agreed.currency), plan.ceiling.currency, fx, 'down');
  const most = atLeastZero(collected ?? allowanceOf(plan));
  if (ceiling && !accepted && compare(ceiling, most) > 0) {
    lowered.push({ name: 'ceiling', agreed: formatMoney(ceiling), holds: formatMoney(most) });
    ceiling = most;
  }

  const sold = overrides.pay_as_you_go;
  let pay_as_you_go = sold && {
    credits_max: BigInt(sold.credits_max),
    price: parseMoney(sold.price.amount, sold.price.currency),
  };
  if (pay_as_you_go && !accepted && pay_as_you_go.credits_max > 0n && isCheap(plan, catalog, pay_as_you_go.price)) {
    const instead = plan.pay_as_you_go;
    lowered.push({
      name: 'pay_as_you_go',
      agreed: formatMoney(pay_as_you_go.price),
      holds: instead ? formatMoney(instead.price) : 'none',
    });
    pay_as_you_go = instead ?? { credits_max: 0n, price: pay_as_you_go.price };
  }
  return { ...(ceiling && { ceiling }), ...(pay_as_you_go && { pay_as_you_go }), lowered };
}

function isCheap(plan: Plan, catalog: Pick<Catalog, 'credit' | 'fx'>, price: Money): boolean {
  // Sold in another currency than the plan's, it goes onto no invoice of it.
  return price.currency !== plan.price.currency || payAsYouGoLoss(catalog, plan, price) !== undefined;
}

function atLeastZero(amount: Money): Money {
  return amount.nanos < 0n ? zero(amount.currency) : amount;
}

/** Whether an administrator agreed to a loss with this plan; written down without one, it was with the plan that the overrides stood beside. */
export function isLossAccepted({ accepted_loss }: Overrides, plan: Plan): boolean {
  if (accepted_loss === undefined) return false;
  const { plan: code, price } = accepted_loss;
  if (code !== undefined && code !== plan.code) return false;
  return (
    price === undefined ||
    (price.currency === plan.price.currency && compare(plan.price, parseMoney(price.amount, price.currency)) >= 0)
  );
}

/** The overrides as they are written down: a loss that is agreed to is agreed to beside this plan, at its price. */
export function withAcceptedLoss(overrides: Overrides, plan: Plan): Overrides {
  const { accepted_loss } = overrides;
  if (accepted_loss === undefined) return overrides;
  const { reason } = accepted_loss;
  return { ...overrides, accepted_loss: { reason, plan: plan.code, price: toWire(plan.price) } };
}
