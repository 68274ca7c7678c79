/*
 * The third brief's hundred customers, reckoned from its numbers in whole cents and ten-thousandths of a cent: nothing here knows of plans,
 * books or money types, so that what the books say can be held against it.
 */

interface Sold {
  readonly price_cents: number;
  readonly credits: number;
  readonly customers: number;
  readonly pack: string;
  readonly buyers: number;
}

export const HUNDRED: {
  readonly plans: Readonly<Record<string, Sold>>;
  readonly packs: Readonly<Record<string, { readonly price_cents: number; readonly credits: number }>>;
} = {
  plans: {
    PRO: { price_cents: 14_900, credits: 200, customers: 50, pack: 'credits-500', buyers: 10 },
    ENTERPRISE: { price_cents: 39_900, credits: 2_000, customers: 50, pack: 'credits-2000', buyers: 10 },
  },
  packs: { 'credits-500': { price_cents: 2_900, credits: 500 }, 'credits-2000': { price_cents: 7_900, credits: 2_000 } },
};

/** What a payment service keeps of a card payment, as a catalog writes it. */
export const FEES = { percent: '0.029', fixed: '0.30' } as const;

export interface Figures {
  readonly revenue: string;
  readonly fees: string;
  readonly cost: string;
  readonly margin: string;
  /** Per cent of the revenue, cut after two decimals. */
  readonly kept: string;
  readonly before_fees: string;
}

type ExpectedMoney = Pick<Figures, 'revenue' | 'fees' | 'cost'>;

/** Ten-thousandths of a dollar. */
const UNIT = 10_000;

/** One payment of so many cents for so many credits, each at a cent of cost. */
function payment({ price_cents, credits }: { readonly price_cents: number; readonly credits: number }): ExpectedMoney {
  const dollars = (units: number): string => plain(units);
  return {
    revenue: dollars(price_cents * 100),
    // 2.9 % of so many cents in ten-thousandths of a dollar, and thirty cents.
    fees: dollars((price_cents * 100 * 29) / 1_000 + 3_000),
    cost: dollars(credits * 100),
  };
}

/** All of a plan with its buyers' packs, all sales of a pack, or one customer of a plan with a pack or (null) without. */
export function of(code: string, pack?: string | null): Figures {
  const sold = HUNDRED.plans[code];
  if (sold === undefined) return sumOf(times(sales(code), payment(packOf(code))));
  if (pack !== undefined) return sumOf([payment(sold), ...(pack === null ? [] : [payment(packOf(pack))])]);
  return sumOf([...times(sold.customers, payment(sold)), ...times(sold.buyers, payment(packOf(sold.pack)))]);
}

function packOf(code: string): (typeof HUNDRED.packs)[string] {
  const pack = HUNDRED.packs[code];
  if (pack === undefined) throw new Error(`the brief sells no ${code}`);
  return pack;
}

function sales(pack: string): number {
  return Object.values(HUNDRED.plans).reduce((sum, sold) => sum + (sold.pack === pack ? sold.buyers : 0), 0);
}

/** The whole table. */
export function brief(): Figures {
  return sumOf(Object.keys(HUNDRED.plans).map((plan) => of(plan)));
}

export function sumOf(all: readonly ExpectedMoney[]): Figures {
  const sum = (figure: keyof ExpectedMoney): number =>
    all.reduce((total, one) => total + Math.round(Number(one[figure]) * UNIT), 0);
  const [revenue, fees, cost] = [sum('revenue'), sum('fees'), sum('cost')];
  const percent = (part: number): string => (Math.floor((part * 10_000) / revenue) / 100).toFixed(2);
  return {
    revenue: plain(revenue),
    fees: plain(fees),
    cost: plain(cost),
    margin: plain(revenue - fees - cost),
    kept: percent(revenue - fees - cost),
    before_fees: percent(revenue - cost),
  };
}

function times<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}

function plain(units: number): string {
  return String(units / UNIT);
}
