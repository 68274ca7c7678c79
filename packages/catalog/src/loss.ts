import { formatMoney, type Money, subtract } from '@purser/money';

/** What can be done under a catalog so that it loses, or sells what it cannot serve: what the engine would allow, to be played. */
export type Witness =
  /** Calls up to what is admitted, those under way at the end up to the reserve. */
  | { readonly kind: 'spend'; readonly plan: string }
  /** A customer whose payment failed goes on with the operation, anew in each billing period. */
  | { readonly kind: 'unpaid'; readonly plan: string; readonly operation: string }
  /** No call to any of the plan's models fits its ceiling. */
  | { readonly kind: 'unusable'; readonly plan: string }
  /** An order of a pack by a workspace whose plan counts cost in that currency. */
  | { readonly kind: 'order'; readonly pack: string; readonly quantity: number; readonly currency: string };

/** Why a catalog is refused, shown by an example: what is bought, what that pays for, and what is spent. Amounts in one currency. */
export interface Loss {
  /** Of the plan or pack. */
  readonly code: string;
  readonly why: string;
  /** What to change so that it holds. */
  readonly change: string;
  readonly witness: Witness;
  readonly bought: Money;
  readonly allowed: Money;
  readonly spent: Money;
}

/** `bought for 16 USD, which pays for 13.6 USD; spent 15 USD: 1.4 USD are lost` */
export function describeLoss({ bought, allowed, spent }: Loss): string {
  return (
    `bought for ${formatMoney(bought)}, which pays for ${formatMoney(allowed)}; spent ${formatMoney(spent)}: ` +
    `${formatMoney(subtract(spent, allowed))} more than that`
  );
}
