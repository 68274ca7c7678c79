/** What the plans of a price list cost at Stripe, in the smallest coin. */
export interface ListedPrice {
  readonly plan: string;
  readonly currency: string;
  readonly month: number;
  readonly year: number;
  /** In other currencies, by the month; a year costs ten of them. */
  readonly foreign: Readonly<Record<string, number>>;
}

export interface PriceList {
  readonly prices: readonly ListedPrice[];
  /** From this second on, who buys pays these. */
  readonly raised_at: number | undefined;
  readonly raised: readonly ListedPrice[];
}

export interface UnitPrice {
  readonly unit: number;
  readonly currency: string;
}

export function unitPrice(
  { prices, raised, raised_at }: PriceList,
  at: number,
  plan: string,
  yearly: boolean,
  currency: string | undefined,
): UnitPrice {
  const list = raised_at !== undefined && at >= raised_at ? raised : prices;
  const price = list.find((one) => one.plan === plan);
  if (price === undefined) throw new Error(`the price list has no ${plan}`);
  const foreign = currency === undefined || currency === price.currency ? undefined : price.foreign[currency];
  if (foreign !== undefined && currency !== undefined) return { unit: yearly ? foreign * 10 : foreign, currency };
  return { unit: yearly ? price.year : price.month, currency: price.currency };
}
